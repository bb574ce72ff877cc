/** How often Neon may be asked. Whole numbers from 1. */
export interface RateLimits {
  /** Of all requests. */
  readonly requestsPerMinute: number
  /** Of those of one route. */
  readonly requestsPerSecond: number
}

/** When requests were started, in milliseconds, ascending, as far back as the limits look. */
export interface Starts {
  readonly all: readonly number[]
  readonly byRoute: ReadonlyMap<string, readonly number[]>
}

/** That Neon said "too many": when, in milliseconds, and which share of the limits was left then. */
export interface Slowdown {
  readonly at: number
  readonly share: number
}

const MINUTE_MS = 60_000
const SECOND_MS = 1_000
/** How long it takes from nothing to the whole rate, in milliseconds. */
const RECOVERY_MS = 10 * MINUTE_MS
/** Never slower than this share. */
const LEAST_SHARE = 1 / 32

/** Returns the share of the limits that is used at `now`: all of it, or what has recovered since the last slowdown. */
export function shareAt(slowdown: Slowdown | null, now: number): number {
  return slowdown === null ? 1 : Math.min(1, slowdown.share + Math.max(0, now - slowdown.at) / RECOVERY_MS)
}

/**
 * Returns the slowdown after a request that was started at `startedAt` was refused: half of the share. One that was
 * started before the last slowdown says nothing new.
 */
export function slowDown(last: Slowdown | null, startedAt: number, now: number): Slowdown {
  if (last !== null && startedAt < last.at) return last
  return { at: now, share: Math.max(LEAST_SHARE, shareAt(last, now) / 2) }
}

/**
 * Decides which of those who wait, named by their routes in the order in which they came, may start at `now`: the first whose
 * route has room. Nobody may: when somebody may at the earliest, as far as can be told now. Then no window of 60 s
 * has more starts than the limit, nor one of 1 s of any route; those of a route are spread evenly.
 */
export function nextStart(
  waiting: readonly string[],
  starts: Starts,
  limits: RateLimits,
  share: number,
  now: number,
): { readonly index: number } | { readonly at: number } {
  const part = (limit: number) => Math.max(1, Math.floor(limit * share))
  const any = earliestStart(starts.all, part(limits.requestsPerMinute), MINUTE_MS)
  let at = Number.POSITIVE_INFINITY
  for (const [index, route] of waiting.entries()) {
    const started = starts.byRoute.get(route) ?? []
    const perSecond = part(limits.requestsPerSecond)
    const ofRoute = earliestStart(started, perSecond, SECOND_MS)
    // Apart from each other, too: two bursts that the network brings together would be above the limit where they arrive.
    const spaced = (started.at(-1) ?? Number.NEGATIVE_INFINITY) + Math.floor(SECOND_MS / perSecond)
    const earliest = Math.max(any, ofRoute, spaced)
    if (earliest <= now) return { index }
    at = Math.min(at, earliest)
  }
  return { at }
}

/** When one more may start, so that `limit` of them are never exceeded in any window. Times are cut to milliseconds: one more is added. */
function earliestStart(starts: readonly number[], limit: number, windowMs: number): number {
  const before = starts.at(-limit)
  return before === undefined ? Number.NEGATIVE_INFINITY : before + windowMs + 1
}
