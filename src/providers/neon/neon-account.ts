import type { Clock } from '../../lib/clock.ts'
import type { SecretBox } from '../../lib/secret-box.ts'
import type { ClosureLog } from '../../model/closure.ts'
import type { Secret } from '../../model/secret.ts'
import { explained } from './explained.ts'
import type { NeonApi, NeonOperations } from './neon-api.ts'
import { createProjectQueue } from './project-queue.ts'
import { waitForOperations } from './wait-for-operations.ts'

/** What projects are made like, and how Neon is asked. Times are in milliseconds. */
export interface NeonSettings {
  readonly apiKey: Secret
  readonly region: string
  /** Undefined: that of the key. */
  readonly orgId: string | undefined
  readonly pgVersion: number
  /** Here and below, undefined: as the plan has it. */
  readonly historyRetention: number | undefined
  readonly autoscaling: { readonly min: number; readonly max: number } | undefined
  readonly suspendTimeout: number | undefined
  readonly requestsPerMinute: number
  readonly requestsPerSecond: number
  /** Undefined: Neon's own. */
  readonly baseUrl: string | undefined
}

/** An account at Neon, as the recipes of the provider use it. */
export interface NeonAccount {
  readonly api: NeonApi
  readonly settings: NeonSettings
  /** Encrypts the password that a placement carries. */
  readonly box: SecretBox
  readonly clock: Clock
  /** Where it is written down what has to be put back; undefined: nothing of that kind is done. */
  readonly closures: ClosureLog | undefined
  /**
   * Changes a project while nobody else of this process does, and waits until all that this began has ended.
   * @param what what did not happen if this fails, as a sentence without its end
   * @throws FleetError NEON_REFUSED, NEON_LIMIT, NEON_BUSY, NEON_UNREACHABLE, NEON_KEY_REFUSED
   */
  change<T extends NeonOperations>(projectId: string, what: string, mutation: () => Promise<T>): Promise<T>
}

export interface NeonAccountOptions extends Pick<NeonAccount, 'api' | 'settings' | 'box' | 'clock' | 'closures'> {}

export function createNeonAccount({ api, clock, ...options }: NeonAccountOptions): NeonAccount {
  const queue = createProjectQueue()
  return {
    ...options,
    api,
    clock,
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
