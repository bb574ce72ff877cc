import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../../../src/lib/clock.ts'

export interface FastClock extends Clock {
  /** How much faster than the real one. */
  readonly times: number
}

/**
 * A clock that runs so many times as fast as the real one, from now on: what is waited for minutes takes seconds, and a server
 * beside it still has its time.
 */
export function createFastClock(times = 25): FastClock {
  const start = Date.now()
  return {
    times,
    now: () => new Date(start + (Date.now() - start) * times),
    sleep: (ms, signal) => delay(ms / times, undefined, signal ? { signal } : {}).catch(() => {}),
    every: () => () => {},
  }
}
