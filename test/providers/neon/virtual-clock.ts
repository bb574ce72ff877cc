import type { Clock } from '../../../src/lib/clock.ts'

/**
 * A clock whose time passes only when nothing else is left to do: then it goes to where the next sleeper wakes. `slept` is
 * what was asked for, in milliseconds.
 */
export function createVirtualClock(
  start = 1_800_000_000_000,
): Clock & { readonly slept: number[]; set(ms: number): void } {
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>()
  const slept: number[] = []
  let now = start
  let isTicking = false

  function tick(): void {
    const next = [...sleepers].sort((a, b) => a.at - b.at)[0]
    isTicking = next !== undefined
    if (next === undefined) return
    now = Math.max(now, next.at)
    next.wake()
    setImmediate(tick)
  }

  return {
    slept,
    set: (ms) => {
      now = ms
    },
    now: () => new Date(now),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        slept.push(ms)
        const sleeper = {
          at: now + Math.max(0, ms),
          wake: () => {
            sleepers.delete(sleeper)
            resolve()
          },
        }
        if (signal?.aborted) return resolve()
        signal?.addEventListener('abort', sleeper.wake, { once: true })
        sleepers.add(sleeper)
        if (!isTicking) setImmediate(tick)
        isTicking = true
      }),
    every: () => () => {},
  }
}
