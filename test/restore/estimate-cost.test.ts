import { describe, expect, test } from 'vitest'
import { type CostInput, estimateCost } from '../../src/restore/estimate-cost.ts'

const MB = 1_000_000
const full = (bytes: number) => ({ bytes, method: 'full', diskBytes: bytes, closes: true })
const byReference = (bytes: number) => ({ bytes, method: 'reference', diskBytes: 0, closes: true })

/** Three databases that are all of them, of which nothing was ever copied; a MB takes a millisecond. */
const INPUT: CostInput = {
  server: 'main',
  tenants: 3,
  sample: [full(10 * MB), full(20 * MB), full(60 * MB)],
  measured: [],
  guessMs: (method, bytes) => (method === 'reference' ? 500 : bytes / MB),
  freeBytes: null,
  maxBytes: undefined,
  usedBytes: 0,
}
const estimate = (input: Partial<CostInput>) => estimateCost({ ...INPUT, ...input })

describe('the disk that restore points take', () => {
  test('is the exact sum where every size was read', () => {
    expect(estimate({})).toMatchObject({ sampled: 3, bytes: 90 * MB, diskBytes: 90 * MB, mostDiskBytes: 90 * MB })
  })

  test('is the mean of the sample for all, and more at the most', () => {
    const { diskBytes, mostDiskBytes } = estimate({ tenants: 300 })
    expect(diskBytes).toBe(9_000 * MB)
    expect(mostDiskBytes).toBeGreaterThan(diskBytes)
  })

  test('is as certain as the sample is alike and large', () => {
    const alike = Array.from({ length: 200 }, () => full(10 * MB))
    expect(estimate({ tenants: 300_000, sample: alike })).toMatchObject({ mostDiskBytes: 3_000_000 * MB })
    const spread = (count: number) => Array.from({ length: count }, (_, index) => full((index % 2) * 20 * MB))
    const [few, many] = [20, 200].map((count) => estimate({ tenants: 10_000, sample: spread(count) }).mostDiskBytes)
    expect(few).toBeGreaterThan(many ?? 0)
  })

  test('is nothing for copies by reference, and what they may grow to is told', () => {
    expect(estimate({ sample: [byReference(10 * MB), byReference(20 * MB)], tenants: 4 })).toMatchObject({
      bytes: 60 * MB,
      diskBytes: 0,
      mostDiskBytes: 0,
    })
  })

  test('is unknown where no size could be read', () => {
    expect(estimate({ sample: [], maxBytes: 1, freeBytes: 1 })).toMatchObject({
      sampled: 0,
      took: null,
      closed: null,
      fits: null,
    })
  })

  test('of one of several tells no spread', () => {
    expect(estimate({ sample: [full(MB)] })).toMatchObject({ diskBytes: 3 * MB, mostDiskBytes: 3 * MB })
  })
})

describe('whether they fit', () => {
  test.each<[string, Partial<CostInput>, boolean | null]>([
    ['nobody knows without a limit', {}, null],
    ['is told by what is free, less a tenth', { freeBytes: 100 * MB }, true],
    ['is told by what is free, less a tenth: no', { freeBytes: 99 * MB }, false],
    ['is told by the configured limit', { maxBytes: 90 * MB }, true],
    ['is told by the configured limit: no', { maxBytes: 90 * MB - 1 }, false],
    ['counts what restore points take already', { maxBytes: 100 * MB, usedBytes: 11 * MB }, false],
    ['takes both limits: the disk is too small', { maxBytes: 100 * MB, freeBytes: 50 * MB }, false],
    ['takes both limits: the configured is too small', { maxBytes: 50 * MB, freeBytes: 500 * MB }, false],
    ['looks at the most that is expected', { tenants: 30, maxBytes: 900 * MB }, false],
    ['is yes for copies by reference', { sample: [byReference(90 * MB)], tenants: 1, freeBytes: 1 }, true],
    ['is yes for them beyond the limit, too', { sample: [byReference(9)], maxBytes: 1, usedBytes: 5 }, true],
  ])('%s', (_, input, fits) => {
    expect(estimate(input).fits).toBe(fits)
  })

  test('no room is left where more is taken than the limit allows', () => {
    expect(estimate({ maxBytes: 1, usedBytes: 5 }).limits).toEqual([{ kind: 'configured', room: 0 }])
  })
})

describe('how long it takes', () => {
  test('is a guess from size and way where nothing was measured', () => {
    expect(estimate({})).toMatchObject({
      took: { typical: 20, longest: 60 },
      closed: { typical: 20, longest: 60 },
      measured: 0,
    })
  })

  test('is corrected by how far guesses were from what was measured', () => {
    const measured = [
      { bytes: 10 * MB, method: 'full', closedMs: 30, tookMs: 60 },
      { bytes: 30 * MB, method: 'full', closedMs: 50, tookMs: 100 },
    ]
    expect(estimate({ measured })).toMatchObject({
      took: { typical: 80, longest: 240 },
      closed: { typical: 40, longest: 120 },
      measured: 2,
    })
  })

  test('is not told from another way of copying', () => {
    const measured = [{ bytes: 10 * MB, method: 'reference', closedMs: 9_000, tookMs: 9_000 }]
    expect(estimate({ measured })).toMatchObject({ closed: { typical: 20 }, measured: 0 })
  })

  test('is told for each way by itself, and who is not closed is closed for no time', () => {
    const online = { bytes: 500 * MB, method: 'online', diskBytes: 500 * MB, closes: false }
    expect(estimate({ sample: [full(10 * MB), online] })).toMatchObject({
      took: { typical: 10, longest: 500 },
      closed: { typical: 0, longest: 10 },
    })
    const measured = [{ bytes: 10 * MB, method: 'full', closedMs: 30, tookMs: 60 }]
    expect(estimate({ sample: [full(10 * MB), online], measured })).toMatchObject({
      took: { typical: 60, longest: 500 },
      closed: { typical: 0, longest: 30 },
    })
  })

  test('does not depend on the size of what is copied by reference', () => {
    const measured = [{ bytes: MB, method: 'reference', closedMs: 100, tookMs: 200 }]
    expect(estimate({ sample: [byReference(MB), byReference(900 * MB)], measured })).toMatchObject({
      closed: { typical: 100, longest: 100 },
      took: { typical: 200, longest: 200 },
    })
  })
})
