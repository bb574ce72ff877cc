import type { Clock } from '../../lib/clock.ts'
import type { Secret } from '../../model/secret.ts'
import type { NeonApi } from './neon-api.ts'
import { createNeonClient, type NeonClientOptions } from './neon-client.ts'
import type { RateLimits } from './next-start.ts'
import { isUnderWay } from './operation-status.ts'
import { createPatientSend, createSendInTurn } from './patient-send.ts'
import { sharedRateLimiter } from './shared-rate-limiter.ts'

/** Below Neon's own limits of 700 and 40 (docs/providers/neon.md). */
const DEFAULT_LIMITS: RateLimits = { requestsPerMinute: 600, requestsPerSecond: 30 }

export interface NeonApiOptions {
  readonly apiKey: Secret
  /** Ends in `/api/v2`; absent: Neon's own. */
  readonly baseUrl?: string | undefined
  /** Absent: 600. Several processes on one account take a share each. */
  readonly requestsPerMinute?: number | undefined
  /** Per route; absent: 30. */
  readonly requestsPerSecond?: number | undefined
  readonly clock: Clock
  readonly random?: () => number
  /** How long answers may take; absent: as `createNeonClient` says. */
  readonly timeouts?: NeonClientOptions['timeouts']
}

/**
 * Opens Neon's API as the provider uses it: below the rate limit, together with all else in this process that has the same
 * key, each call repeated where that is safe. The key is used for nothing else, and is in no error.
 */
export function createNeonApi({ random = Math.random, ...options }: NeonApiOptions): NeonApi {
  const { apiKey, baseUrl, clock } = options
  const limits = {
    requestsPerMinute: options.requestsPerMinute ?? DEFAULT_LIMITS.requestsPerMinute,
    requestsPerSecond: options.requestsPerSecond ?? DEFAULT_LIMITS.requestsPerSecond,
  }
  const send = createSendInTurn(sharedRateLimiter(apiKey, limits, clock))
  const client = { apiKey, baseUrl, clock, ...(options.timeouts && { timeouts: options.timeouts }) }
  const once = createNeonClient({ ...client, send })
  const isBusy = async (projectId: string) =>
    (await once.listOperations(projectId)).some(({ status }) => isUnderWay(status))
  return createNeonClient({ ...client, send: createPatientSend({ send, clock, isBusy, random }) })
}
