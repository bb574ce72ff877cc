import { explained } from './explained.ts'
import type { NeonAccount } from './neon-account.ts'
import { LATEST_OPERATIONS } from './neon-client.ts'

/** What is done to make a project before its compute starts. */
const MAKING: readonly string[] = ['create_timeline', 'create_branch']
const START = 'start_compute'

/**
 * Says whether nobody can ever have been in a project, because no compute of it has started: all that was ever done there is to be
 * seen, a start has failed for good, and nothing but the making has come to its end. In doubt, no.
 * @throws FleetError as `explained`
 */
export async function hasNeverRun(projectId: string, { api }: Pick<NeonAccount, 'api'>): Promise<boolean> {
  const listed = () => api.listOperations(projectId)
  const operations = await explained(`Operations of project ${projectId} were not listed`, listed)
  // Neon forgets operations after months: of an old project the making is not there, either.
  const isWhole = operations.length < LATEST_OPERATIONS && operations.some(({ action }) => MAKING.includes(action))
  return (
    isWhole &&
    operations.some(({ action }) => action === START) &&
    operations.every(
      ({ action, status }) =>
        status === 'error' || status === 'cancelled' || (status === 'finished' && MAKING.includes(action)),
    )
  )
}
