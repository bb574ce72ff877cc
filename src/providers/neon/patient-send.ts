import type { Clock } from '../../lib/clock.ts'
import { NeonApiError } from './neon-api-error.ts'
import { type NeonCall, routeOf, type SendNeonCall } from './neon-call.ts'
import { lockedWait, NO_TRIES, nextTry } from './next-try.ts'
import type { RateLimiter } from './rate-limiter.ts'

/** Returns what sends a request once, when its turn has come. */
export function createSendInTurn(limiter: RateLimiter): SendNeonCall {
  return async (call, attempt) => {
    const turn = await limiter.turn(routeOf(call))
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof NeonApiError && error.kind === 'rate-limited') turn.refused(error.retryAfterMs)
      throw error
    }
  }
}

export interface PatienceOptions {
  /** Sends a request once. */
  readonly send: SendNeonCall
  readonly clock: Clock
  /** Says whether operations of a project are under way; asked before a call that was refused for them is repeated. */
  readonly isBusy: (projectId: string) => Promise<boolean>
  /** Returns until when what a call does not find may only not be seen yet, in milliseconds; null: it is not there. */
  readonly visibleBy: (call: NeonCall) => number | null
  /** From [0, 1); so that those who were refused together do not come back together. */
  readonly random: () => number
}

/**
 * Returns what sends a request as often as that is safe, and waits in between by the clock. p-retry cannot: it takes its
 * time from no clock, and knows one count for all errors.
 */
export function createPatientSend({ send, clock, isBusy, visibleBy, random }: PatienceOptions): SendNeonCall {
  const now = () => clock.now().getTime()

  async function untilIdle(projectId: string, until: number): Promise<void> {
    for (let waits = 0; now() < until; waits++) {
      // Whoever cannot be asked does not decide: the call itself says whether it may.
      if (!(await isBusy(projectId).catch(() => false))) return
      await clock.sleep(Math.min(lockedWait(waits, random), until - now()))
    }
  }

  return async <T>(call: NeonCall, attempt: () => Promise<T>): Promise<T> => {
    for (let tries = NO_TRIES; ; ) {
      const outcome = await settle(send(call, attempt))
      if ('value' in outcome) return outcome.value
      const { error } = outcome
      if (!(error instanceof NeonApiError)) throw error
      const { kind, retryAfterMs } = error
      const refusal = { kind, retryAfterMs, visibleBy: visibleBy(call) }
      const next = nextTry(call, refusal, tries, now(), random)
      if (next === null) throw error
      await clock.sleep(next.waitMs)
      if (next.operationsUntil !== null && call.projectId !== null)
        await untilIdle(call.projectId, next.operationsUntil)
      tries = next.tries
    }
  }
}

function settle<T>(promise: Promise<T>): Promise<{ readonly value: T } | { readonly error: unknown }> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
}
