import type { Clock } from '../../lib/clock.ts'
import { nextStart, type RateLimits, type Slowdown, shareAt, slowDown } from './next-start.ts'

/** The longest that a Retry-After is obeyed, in milliseconds: beyond it is no answer that one waits for. */
const LONGEST_PAUSE_MS = 10 * 60_000

/** That a request may start, or has started. */
export interface Turn {
  /** Tells that it was refused with "too many" (429), and how long Neon asks to wait. */
  refused(retryAfterMs: number | null): void
}

export interface RateLimiter {
  /** Resolves when a request of this route may start, in the order of asking among those whose route has room. */
  turn(route: string): Promise<Turn>
  /** Takes the lower of its limits and these from now on. */
  lowerTo(limits: RateLimits): void
}

interface Waiter {
  readonly route: string
  readonly start: (turn: Turn) => void
}

/**
 * Makes what lets requests to Neon start no faster than the limits, in no window of a minute or second. After a refusal
 * it goes at half the rate and recovers within minutes; Retry-After holds all requests. p-throttle was no choice: its rate
 * cannot be changed while it runs.
 */
export function createRateLimiter(initial: RateLimits, clock: Clock): RateLimiter {
  const now = monotonic(clock)
  const waiters: Waiter[] = []
  const all: number[] = []
  const byRoute = new Map<string, number[]>()
  let limits = initial
  let slowdown: Slowdown | null = null
  let pausedUntil = Number.NEGATIVE_INFINITY
  let isServing = false
  let changed = new AbortController()

  function start(waiter: Waiter): void {
    const startedAt = now()
    const ofRoute = byRoute.get(waiter.route) ?? []
    byRoute.set(waiter.route, ofRoute)
    remember(all, startedAt, initial.requestsPerMinute)
    remember(ofRoute, startedAt, initial.requestsPerSecond)
    waiter.start({
      refused(retryAfterMs) {
        slowdown = slowDown(slowdown, startedAt, now())
        pausedUntil = Math.max(pausedUntil, now() + Math.min(retryAfterMs ?? 0, LONGEST_PAUSE_MS))
      },
    })
  }

  async function serve(): Promise<void> {
    isServing = true
    while (waiters.length > 0) {
      const time = now()
      const routes = waiters.map(({ route }) => route)
      const next =
        time < pausedUntil
          ? { at: pausedUntil }
          : nextStart(routes, { all, byRoute }, limits, shareAt(slowdown, time), time)
      if ('index' in next) for (const waiter of waiters.splice(next.index, 1)) start(waiter)
      else {
        changed = new AbortController()
        await clock.sleep(next.at - time, changed.signal)
      }
    }
    isServing = false
  }

  return {
    turn: (route) =>
      new Promise((resolve) => {
        waiters.push({ route, start: resolve })
        // One of another route may have room where those before have not.
        if (isServing) changed.abort()
        else void serve()
      }),
    lowerTo(others) {
      limits = {
        requestsPerMinute: Math.min(limits.requestsPerMinute, others.requestsPerMinute),
        requestsPerSecond: Math.min(limits.requestsPerSecond, others.requestsPerSecond),
      }
    },
  }
}

/** Adds a start and forgets those that no limit looks back to. */
function remember(starts: number[], at: number, limit: number): void {
  starts.push(at)
  if (starts.length > limit) starts.shift()
}

/** The clock's time in milliseconds, as one that never goes back: where the clock is set back, it goes on from where it was. */
function monotonic(clock: Clock): () => number {
  let last = Number.NEGATIVE_INFINITY
  let offset = 0
  return () => {
    const time = clock.now().getTime()
    if (time + offset < last) offset = last - time
    last = time + offset
    return last
  }
}
