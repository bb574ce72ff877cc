import type { Clock } from '../../lib/clock.ts'
import type { Secret } from '../../model/secret.ts'
import type { NeonApi } from './neon-api.ts'
import { createNeonClient, type NeonClientOptions } from './neon-client.ts'
import type { RateLimits } from './next-start.ts'
import { isUnderWay } from './operation-status.ts'
import { createPatientSend, createSendInTurn } from './patient-send.ts'
import { createRecentChanges } from './recent-changes.ts'
import { sharedRateLimiter } from './shared-rate-limiter.ts'

/** Several processes on one account take a share of the limits each. */
export interface NeonApiOptions extends RateLimits {
  readonly apiKey: Secret
  /** Ends in `/api/v2`; absent: Neon's own. */
  readonly baseUrl?: string | undefined
  readonly clock: Clock
  readonly random?: () => number
  /** Whether calls are repeated where that is safe. True unless told otherwise. */
  readonly isPatient?: boolean
  /** How long answers may take; absent: as `createNeonClient` says. */
  readonly timeouts?: NeonClientOptions['timeouts']
}

/**
 * Opens Neon's API as the provider uses it: below the rate limit, together with all else in this process that has the same
 * key, each call repeated where that is safe, and what was made a moment ago waited for, unless told otherwise. The key is used for
 * nothing else, and is in no error.
 */
export function createNeonApi({ random = Math.random, isPatient = true, ...options }: NeonApiOptions): NeonApi {
  const { apiKey, baseUrl, clock, requestsPerMinute, requestsPerSecond } = options
  const send = createSendInTurn(sharedRateLimiter(apiKey, { requestsPerMinute, requestsPerSecond }, clock))
  const client = { apiKey, baseUrl, clock, ...(options.timeouts && { timeouts: options.timeouts }) }
  const once = createNeonClient({ ...client, send })
  if (!isPatient) return once
  const isBusy = async (projectId: string) =>
    (await once.listOperations(projectId)).some(({ status }) => isUnderWay(status))
  const { visibleBy, noting } = createRecentChanges(clock)
  return noting(createNeonClient({ ...client, send: createPatientSend({ send, clock, isBusy, visibleBy, random }) }))
}
