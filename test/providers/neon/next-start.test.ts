import { describe, expect, test } from 'vitest'
import { nextStart, type Starts, shareAt, slowDown } from '../../../src/providers/neon/next-start.ts'

const limits = { requestsPerMinute: 4, requestsPerSecond: 2 }
const starts = (all: number[], byRoute: Record<string, number[]> = {}): Starts => ({
  all,
  byRoute: new Map(Object.entries(byRoute)),
})

describe('who starts next', () => {
  test.each<[string, string[], Starts, number, ReturnType<typeof nextStart>]>([
    ['the first, where nothing was started', ['a', 'b'], starts([]), 0, { index: 0 }],
    ['the first whose route has room', ['a', 'a', 'b'], starts([0, 1], { a: [0, 1] }), 2, { index: 2 }],
    ['nobody before the older of two is a second old', ['a'], starts([0, 1], { a: [0, 1] }), 1_000, { at: 1_001 }],
    ['the first, when it is', ['a'], starts([0, 1], { a: [0, 1] }), 1_001, { index: 0 }],
    ['nobody before the oldest of four is a minute old', ['z'], starts([5, 6, 7, 8]), 9, { at: 60_006 }],
    ['the first, when it is a minute old', ['z'], starts([5, 6, 7, 8]), 60_006, { index: 0 }],
    [
      'the later of both limits counts',
      ['a'],
      starts([0, 1, 59_500, 59_600], { a: [59_500, 59_600] }),
      60_001,
      { at: 60_501 },
    ],
    ['whoever has room first sets the time', ['a', 'b'], starts([0, 1, 2], { a: [0, 1], b: [-10, 2] }), 3, { at: 991 }],
  ])('%s', (_, waiting, past, now, expected) => {
    expect(nextStart(waiting, past, limits, 1, now)).toEqual(expected)
  })

  test('a share of the limits is rounded down, and is one at least', () => {
    expect(nextStart(['a'], starts([0, 1]), limits, 0.5, 2)).toEqual({ at: 60_001 })
    expect(nextStart(['a'], starts([0]), limits, 0.01, 1)).toEqual({ at: 60_001 })
    expect(nextStart(['a'], starts([]), limits, 0.01, 1)).toEqual({ index: 0 })
  })
})

describe('the share of the limits', () => {
  test('halves, and recovers within ten minutes', () => {
    const half = slowDown(null, 0, 1_000)
    expect(half).toEqual({ at: 1_000, share: 0.5 })
    expect(shareAt(half, 1_000)).toBe(0.5)
    expect(shareAt(half, 1_000 + 150_000)).toBe(0.75)
    expect(shareAt(half, 1_000 + 300_000)).toBe(1)
    expect(shareAt(half, 1e12)).toBe(1)
    expect(shareAt(null, 0)).toBe(1)
  })

  test('halves once for requests that were under way together', () => {
    const first = slowDown(null, 0, 1_000)
    expect(slowDown(first, 999, 1_200)).toBe(first)
    expect(slowDown(first, 1_000, 1_000)).toEqual({ at: 1_000, share: 0.25 })
  })

  test('never falls to nothing', () => {
    let slowdown = slowDown(null, 0, 0)
    for (let refusals = 0; refusals < 100; refusals++) slowdown = slowDown(slowdown, 0, 0)
    expect(slowdown.share).toBe(1 / 32)
  })
})
