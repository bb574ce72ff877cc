import { expect, test } from 'vitest'
import { planWave, resolveMaxFailures, resolveSize } from '../../src/rollout/waves.ts'

const percent = (value: number) => ({ value, unit: 'percent' }) as const
const tenants = (value: number) => ({ value, unit: 'tenants' }) as const

test.each([
  [percent(10), 411, 42],
  [percent(10), 0, 0],
  [percent(100), 7, 7],
  [percent(1), 3, 1],
  [tenants(5), 3, 5],
])('a size of %o of %i tenants is rounded up to %i', (size, targeted, expected) => {
  expect(resolveSize({ size }, targeted)).toBe(expected)
})

test('without a size a wave takes all that match', () => {
  expect(resolveSize({ size: undefined }, 10)).toBeUndefined()
})

test.each([
  [percent(2), 366, 7],
  [percent(1), 99, 0],
  [percent(0), 99, 0],
  [tenants(3), 1, 3],
])('failures allowed of %o in a wave of %i are rounded down to %i', (quantity, size, expected) => {
  expect(resolveMaxFailures(quantity, size)).toBe(expected)
})

test('a planned wave says how many really run at once', () => {
  const wave = {
    name: 'w',
    match: undefined,
    size: undefined,
    maxFailures: percent(2),
    onFailure: 'halt' as const,
    concurrency: 64,
    optional: false,
  }
  const policy = { concurrency: 64, maxFailures: undefined }
  expect(planWave(wave, 366, { ...policy, failureMode: 'strict' })).toMatchObject({
    maxFailures: 7,
    atOnce: 8,
    concurrency: 64,
  })
  expect(planWave(wave, 366, { ...policy, failureMode: 'soft' })).toMatchObject({ atOnce: 64 })
  expect(planWave(wave, 3, { ...policy, failureMode: 'soft' })).toMatchObject({ atOnce: 3 })
  expect(planWave(wave, 366, { ...policy, failureMode: 'strict', maxFailures: tenants(0) })).toMatchObject({
    maxFailures: 0,
    atOnce: 1,
  })
  expect(
    planWave({ ...wave, concurrency: 100 }, 366, { ...policy, concurrency: 10, failureMode: 'soft' }),
  ).toMatchObject({ concurrency: 10 })
})
