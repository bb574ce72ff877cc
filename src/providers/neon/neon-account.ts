import type { Clock } from '../../lib/clock.ts'
import type { SecretBox } from '../../lib/secret-box.ts'
import type { ClosureLog } from '../../model/closure.ts'
import type { NeonSettings } from '../../model/neon-settings.ts'
import { explained } from './explained.ts'
import type { NeonApi, NeonOperations, NeonProjectPage } from './neon-api.ts'
import { createProjectQueue } from './project-queue.ts'
import { waitForOperations } from './wait-for-operations.ts'

/** An account at Neon, as the recipes of the provider use it. */
export interface NeonAccount {
  readonly api: NeonApi
  /** The same, each call made once and not waited for long: for what may as well not happen. */
  readonly hasty: NeonApi
  readonly settings: NeonSettings
  /** Encrypts the password that a placement carries. */
  readonly box: SecretBox
  readonly clock: Clock
  /** Where it is written down what has to be put back; undefined: nothing of that kind is done. */
  readonly closures: ClosureLog | undefined
  /** Lists the projects of the organisation, or those whose name or id has this in it, in pages. Throws as the API does. */
  projects(search?: string): AsyncIterable<NeonProjectPage>
  /**
   * Changes a project while nobody else of this process does, and waits until all that this began has ended.
   * @param what what did not happen if this fails, as a sentence without its end
   * @throws FleetError SERVICE_REFUSED, SERVICE_LIMIT, SERVICE_BUSY, SERVICE_UNREACHABLE, SERVICE_KEY_REFUSED
   */
  change<T extends NeonOperations>(projectId: string, what: string, mutation: () => Promise<T>): Promise<T>
}

export interface NeonAccountOptions extends Pick<NeonAccount, 'api' | 'settings' | 'box' | 'clock' | 'closures'> {
  /** Left out: as patient as the other. */
  readonly hasty?: NeonApi
}

export function createNeonAccount({ api, hasty = api, clock, ...options }: NeonAccountOptions): NeonAccount {
  const queue = createProjectQueue()
  const { orgId } = options.settings
  return {
    ...options,
    api,
    hasty,
    clock,
    projects: (search) =>
      api.listProjects({ ...(search === undefined ? {} : { search }), ...(orgId === undefined ? {} : { orgId }) }),
    change: (projectId, what, mutation) =>
      queue.run(projectId, () =>
        explained(what, async () => {
          const answer = await mutation()
          await waitForOperations(api, answer.operations, clock)
          return answer
        }),
      ),
  }
}
