import { describe, expect, test } from 'vitest'
import {
  CALLS_PER_TENANT,
  estimateBranches,
  estimateCalls,
  estimateMinutes,
  estimateWakes,
  isCheaperToSuspend,
  SUSPENDED_AT_ONCE_S,
} from '../../../src/providers/neon/estimate-neon-cost.ts'
import { NEON_PLANS, type NeonPlanName, planNamed } from '../../../src/providers/neon/prices.ts'

describe('money', () => {
  test.each<[NeonPlanName, tail: number, tenants: number, dollars: number, digits: number]>([
    ['launch', 300, 1_000, 2.25, 2],
    ['launch', 300, 10_000, 22.5, 1],
    ['launch', 300, 300_000, 674, 0],
    ['agent', 300, 300_000, 674, 0],
    ['scale', 300, 1_000, 4.7, 2],
    ['scale', 300, 10_000, 47, 0],
    ['scale', 300, 300_000, 1_410, -1],
    ['scale', 60, 1_000, 1, 2],
    ['scale', 60, 10_000, 10, 0],
    ['scale', 60, 300_000, 301, 0],
    ['launch', SUSPENDED_AT_ONCE_S, 1_000, 0.07, 2],
    ['launch', SUSPENDED_AT_ONCE_S, 10_000, 0.74, 2],
    ['launch', SUSPENDED_AT_ONCE_S, 300_000, 22, 0],
    ['scale', SUSPENDED_AT_ONCE_S, 1_000, 0.15, 2],
    ['scale', SUSPENDED_AT_ONCE_S, 10_000, 1.54, 2],
    ['scale', SUSPENDED_AT_ONCE_S, 300_000, 46, 0],
  ])('on %s, with a tail of %i s, waking %i tenants costs $%f', (plan, tailSeconds, wakes, dollars, digits) => {
    const work = { wakes, computeUnits: 0.25, secondsOfWork: 5, tailSeconds }
    const estimate = estimateWakes(NEON_PLANS[plan].computeUnitHour, work) ?? Number.NaN
    expect(Math.round(estimate * 10 ** digits) / 10 ** digits).toBeCloseTo(dollars, 6)
  })

  test('is not named where the plan is unknown, or sells none', () => {
    const work = { wakes: 1, computeUnits: 1, secondsOfWork: 1, tailSeconds: 1 }
    expect(estimateWakes(null, work)).toBeNull()
    expect(estimateWakes(NEON_PLANS.free.computeUnitHour, work)).toBeNull()
    expect(estimateBranches(undefined, 5)).toBeNull()
    expect(estimateBranches(NEON_PLANS.agent, 5)).toBeNull()
    expect(estimateBranches(NEON_PLANS.free, 11)).toBeNull()
  })

  test('of branches: none within the allowance, and $7,485 a month for 5,000 in one project on Launch', () => {
    expect(estimateBranches(NEON_PLANS.launch, 4)).toBe(0)
    expect(estimateBranches(NEON_PLANS.launch, 10)).toBe(0)
    expect(estimateBranches(NEON_PLANS.free, 10)).toBe(0)
    expect(estimateBranches(NEON_PLANS.launch, 5_000)).toBe(7_485)
    expect(estimateBranches(NEON_PLANS.scale, 26)).toBe(1.5)
  })
})

describe('calls and time', () => {
  const minutes = (calls: number) =>
    estimateMinutes({ calls, requestsPerMinute: 600, tenants: 0, secondsPerTenant: 0, concurrency: 1 })

  test.each([
    [10_000, 1, 17, 0],
    [10_000, 4, 67, 0],
    [10_000, 6, 100, 0],
    [300_000, 1, 8.3 * 60, 1],
    [300_000, 4, 33.3 * 60, 1],
    [300_000, 6, 50 * 60, 1],
  ])('%i tenants with %i calls each take %f minutes at the rate', (tenants, calls, expected, isHours) => {
    const unit = isHours ? 6 : 1
    expect(Math.round(minutes(tenants * calls) / unit)).toBe(Math.round(expected / unit))
  })

  test('one in twenty calls is reckoned to be repeated', () => {
    expect(estimateCalls(300_000, CALLS_PER_TENANT.branchRestorePoint.most)).toBe(1_890_000)
    expect(estimateCalls(1, 1)).toBe(2)
    expect(estimateCalls(0, 6)).toBe(0)
  })

  test('where the tenants themselves take longer than the rate, they set the time', () => {
    const work = { calls: 600, requestsPerMinute: 600, tenants: 1_000, secondsPerTenant: 6, concurrency: 10 }
    expect(estimateMinutes(work)).toBe(10)
    expect(estimateMinutes({ ...work, concurrency: 1_000 })).toBe(1)
  })
})

test.each([
  ['scale', 'scale'],
  ['scale_v3', 'scale'],
  ['Launch_V3', 'launch'],
  ['free_v3', 'free'],
  ['agent', 'agent'],
  ['free_v2', undefined],
  ['business', undefined],
  ['constructor', undefined],
  ['', undefined],
])('the plan that the API calls "%s" is %s', (name, plan) => {
  expect(planNamed(name)).toBe(plan)
})

test('a compute is suspended by us where it would stay awake for longer', () => {
  expect([-1, 0, 300, 60].map(isCheaperToSuspend)).toEqual([true, true, true, true])
  expect(isCheaperToSuspend(5)).toBe(false)
})
