import { describe, expect, test } from 'vitest'
import { type EstimateInput, estimateRollout, type Measurement } from '../../src/rehearsal/estimate-rollout.ts'
import { plan as example } from '../cli/example-plan.ts'

const wave = (tenants: number, atOnce: number) => ({
  name: 'w',
  tenants,
  atOnce,
  concurrency: atOnce,
  maxFailures: 0,
  onFailure: 'halt' as const,
})
const version = (history: readonly string[], tenants: number) => ({
  version: history.at(-1) ?? null,
  history,
  pending: ['x'],
  tenants,
})
const took = (migrateMs: number, more: Partial<Measurement> = {}): Measurement => ({
  history: ['1'],
  migrateMs,
  copyMs: 0,
  ...more,
})
const estimate = (
  measured: readonly Measurement[],
  plan: Partial<EstimateInput['plan']> = {},
  more: Partial<EstimateInput> = {},
) =>
  estimateRollout({
    plan: {
      migrations: [],
      versions: [version(['1'], 100)],
      waves: [wave(100, 10)],
      policy: { ...example.policy, restorePoints: 'never', proof: 0, perServer: 100 },
      ...plan,
    },
    measured,
    servers: 1,
    copiesAtOnce: 4,
    ...more,
  })

describe('an estimate', () => {
  test('is the mean, through the waves one after the other and so many at once', () => {
    expect(estimate([took(100), took(300)])).toMatchObject({ ms: 2_000, tenantMs: 200, measured: 2 })
    const waves = [wave(1, 1), wave(9, 3), wave(90, 10)]
    expect(estimate([took(200)], { waves })).toMatchObject({ ms: 200 + 600 + 1_800 })
  })

  test('has an interval of the mean by Student’s t, and none of one tenant', () => {
    // Mean 200, standard error 100, t of one degree of freedom 12.706; nothing is faster than the fastest.
    expect(estimate([took(100), took(300)])?.interval).toEqual({ lowMs: 1_000, highMs: 14_706 })
    expect(estimate([took(200), took(200), took(200)])?.interval).toEqual({ lowMs: 2_000, highMs: 2_000 })
    expect(estimate([took(200)])?.interval).toBeNull()
  })

  test('weighs the versions by their tenants, and takes the mean of all for one that was not measured', () => {
    const versions = [version(['1'], 75), version([], 25)]
    expect(estimate([took(100), took(500, { history: [] })], { versions })?.tenantMs).toBe(200)
    const unseen = [version(['1'], 50), version([], 25), version(['9'], 25)]
    expect(estimate([took(100), took(500, { history: [] })], { versions: unseen })?.tenantMs).toBe(250)
  })

  test('has restore points where the plan takes them, as many at once as a server copies', () => {
    const policy = { ...example.policy, restorePoints: 'always' as const, proof: 0, perServer: 100 }
    const measured = [took(10, { copyMs: 400 })]
    expect(estimate(measured, { policy })).toMatchObject({ ms: 25 * 400, tenantMs: 410 })
    expect(estimate(measured, { policy }, { servers: 2, copiesAtOnce: 100 })).toMatchObject({ ms: 10 * 410 })
    expect(estimate([took(10, { copyMs: 400 })])).toMatchObject({ tenantMs: 10 })
  })

  test('counts the tenants that prove what was recorded one at a time, and the limit of a server', () => {
    const policy = { ...example.policy, restorePoints: 'never' as const, proof: 3, perServer: 2 }
    const input = { policy, migrations: example.migrations, waves: [wave(2, 1), wave(11, 10)] }
    expect(estimate([took(100)], input)).toMatchObject({ ms: 300 + 500 })
  })

  test('of nothing is none', () => {
    expect(estimate([])).toBeUndefined()
  })
})
