import type { NeonErrorKind } from './errors.ts'
import type { NeonCall } from './neon-call.ts'

/** How often a call is made that Neon does not serve, or whose answer is lost. */
const MOST_TRIES = 6
/** How long the other operations of a project are waited for, in milliseconds (docs/providers/neon.md). */
const LONGEST_LOCKED_MS = 120_000
/** How long refusals for the rate are put up with, in milliseconds. */
const LONGEST_LIMITED_MS = 10 * 60_000

/** What has become of a call so far. */
export interface Tries {
  /** Refusals that cost a try. */
  readonly failed: number
  /** Waits since the first `locked` or `not-ready`, and when that was, in milliseconds. */
  readonly waits: number
  readonly lockedSince: number | null
  /** Refusals for the rate, and when the first was, in milliseconds. */
  readonly limited: number
  readonly limitedSince: number | null
}

export const NO_TRIES: Tries = { failed: 0, waits: 0, lockedSince: null, limited: 0, limitedSince: null }

export interface NextTry {
  readonly waitMs: number
  /** Whether the project's operations are to be waited for first, and until when, in milliseconds. */
  readonly operationsUntil: number | null
  readonly tries: Tries
}

/**
 * Decides whether a call that failed is made again. What was not executed is; a lost answer only where the call changes
 * nothing, or deletes what it names by an id: twice is once. Of another mutation whoever asked for it has to look first. What
 * is not there is asked for again until it would be visible, if it may have been made a moment ago: `visibleBy`, in milliseconds.
 * Null: no. `random` is from [0, 1).
 */
export function nextTry(
  call: NeonCall,
  error: { readonly kind: NeonErrorKind; readonly retryAfterMs: number | null; readonly visibleBy?: number | null },
  tries: Tries,
  now: number,
  random: () => number,
): NextTry | null {
  switch (error.kind) {
    case 'locked':
    case 'not-ready': {
      const lockedSince = tries.lockedSince ?? now
      const until = lockedSince + LONGEST_LOCKED_MS
      if (now >= until) return null
      return {
        waitMs: Math.min(lockedWait(tries.waits, random), until - now),
        operationsUntil: error.kind === 'locked' && call.projectId !== null ? until : null,
        tries: { ...tries, waits: tries.waits + 1, lockedSince },
      }
    }
    case 'gone': {
      const { visibleBy = null } = error
      if (visibleBy === null || now >= visibleBy) return null
      return { waitMs: Math.min(lockedWait(0, random), visibleBy - now), operationsUntil: null, tries }
    }
    case 'rate-limited': {
      const limitedSince = tries.limitedSince ?? now
      // Where Neon says how long, the limiter holds all requests for so long.
      const waitMs = error.retryAfterMs === null ? fullJitter(1_000, 30_000, tries.limited, random) : 0
      if (now + (error.retryAfterMs ?? waitMs) > limitedSince + LONGEST_LIMITED_MS) return null
      return { waitMs, operationsUntil: null, tries: { ...tries, limited: tries.limited + 1, limitedSince } }
    }
    case 'lost':
    case 'unavailable': {
      if (error.kind === 'lost' && call.method !== 'GET' && call.method !== 'DELETE') return null
      if (tries.failed + 1 >= MOST_TRIES) return null
      const waitMs = Math.max(error.retryAfterMs ?? 0, fullJitter(500, 10_000, tries.failed, random))
      if (waitMs > LONGEST_LOCKED_MS) return null
      return { waitMs, operationsUntil: null, tries: { ...tries, failed: tries.failed + 1 } }
    }
    default:
      return null
  }
}

/** The wait before the project is looked at again, in milliseconds: 500 ms to 5 s, growing, the upper half of it by chance. */
export function lockedWait(waits: number, random: () => number): number {
  const most = Math.min(5_000, 1_000 * 2 ** waits)
  return Math.round(most / 2 + (random() * most) / 2)
}

function fullJitter(first: number, most: number, count: number, random: () => number): number {
  return Math.round(random() * Math.min(most, first * 2 ** count))
}
