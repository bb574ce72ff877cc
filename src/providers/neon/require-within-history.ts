import { FleetError } from '../../model/errors.ts'
import { explained } from './explained.ts'
import type { NeonAccount } from './neon-account.ts'
import type { TenantBranch } from './own-server.ts'

/**
 * Refuses to return to a moment that the project's history window has left behind, before anybody is disturbed. What Neon does not
 * say of the window, it says in answer to the restore.
 * @throws FleetError RESTORE_REFUSED, and as `explained`
 */
export async function requireWithinHistory(
  { projectId }: TenantBranch,
  takenAt: Date,
  { api, clock }: NeonAccount,
): Promise<void> {
  const project = await explained(`Project ${projectId} was not looked at`, () => api.getProject(projectId))
  const seconds = project.historyRetentionSeconds
  const age = clock.now().getTime() - takenAt.getTime()
  if (seconds === null || age <= seconds * 1_000) return
  throw new FleetError(
    'RESTORE_REFUSED',
    `Project ${projectId} keeps ${hours(seconds * 1_000)} of history, and the restore point is ${hours(age)} old: Neon does not go back so far.`,
    {
      remedy:
        'What a branch holds can be read out still: `fleet restore-point salvage`. For the next time, raise the history window of the project in Neon, and `historyRetention` for new ones.',
    },
  )
}

const hours = (ms: number) => `${(ms / 3_600_000).toFixed(1).replace(/\.0$/, '')} h`
