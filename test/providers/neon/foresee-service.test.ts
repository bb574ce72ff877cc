import { beforeEach, describe, expect, test } from 'vitest'
import type { ServiceCost, ServiceWork } from '../../../src/model/service-cost.ts'
import type { Plan } from '../../support/neon-emulator/limits.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonAccount } from './neon-account-for-test.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const OWNER = { fleet: 'f', catalogId: 'c' }
const WORK: ServiceWork = {
  owner: OWNER,
  tenants: 300_000,
  waves: [{ name: 'everyone', tenants: 300_000 }],
  restorePoints: 0,
  restores: 0,
  rehearsals: 0,
  concurrency: 1_000,
  keep: null,
}

beforeEach(needsEmulator)

/** What is foreseen on a plan of Neon's, of an account with some projects. */
async function foresee(
  work: Partial<ServiceWork>,
  settings: Parameters<Awaited<ReturnType<typeof setupNeonAccount>>['open']>[0] = {},
  plan: Plan = 'scale',
): Promise<ServiceCost> {
  const account = await setupNeonAccount({ plan })
  const names = Array.from({ length: 1_000 }, (_, index) => `fleet/f/c/t${index}/db`)
  account.emulator.addHollowProjects(names.map((name) => ({ name, historySeconds: 86_400 })))
  const foreseen = await account.open(settings).foreseeService?.({ ...WORK, ...work })
  // Besides the one for the plan, a call for each 400 projects.
  expect(account.emulator.calls.total).toBeLessThanOrEqual(work.keep == null ? 1 : 4)
  return foreseen as ServiceCost
}

test('300,000 tenants are foreseen from counts, with one call; computes run on until Neon suspends them', async () => {
  const { calls, wakes, dollars } = await foresee({})
  expect({ calls, wakes }).toEqual({ calls: { least: 0, most: 0 }, wakes: 300_000 })
  expect(dollars).toEqual({
    about: expect.closeTo(1_411, 0),
    prices: { from: 'publication', plan: 'scale', asOf: '2026-08' },
  })
})

test('a suspend timeout and a least compute that are configured count', async () => {
  const settings = { suspendTimeout: 60_000, autoscaling: { min: 1, max: 4 } }
  expect((await foresee({}, settings)).dollars?.about).toBeCloseTo(4 * 301, -1)
})

test('configured prices take the place of those that are known, and count where the plan is not known', async () => {
  const settings = { prices: { computeUnitHour: 0.444, branchMonth: undefined } }
  const wanted = { about: expect.closeTo(2_821.25, 2), prices: { from: 'configuration' } }
  expect((await foresee({}, settings)).dollars).toEqual(wanted)
  expect((await foresee({}, { ...settings, orgId: undefined })).dollars).toEqual(wanted)
  expect((await foresee({}, { orgId: undefined })).dollars).toBeNull()
  expect((await foresee({}, { prices: { computeUnitHour: 0, branchMonth: undefined } })).dollars?.about).toBe(0)
})

test('computes that are suspended after the work cost two calls each, and less', async () => {
  const { calls, leastMs, dollars } = await foresee({}, { suspendAfter: true })
  expect(calls).toEqual({ least: 630_000, most: 630_000 })
  expect(leastMs).toBe(105 * 60_000)
  expect(dollars?.about).toBeCloseTo(46.25, 2)
})

test('a plan that sells no compute names no price', async () => {
  expect((await foresee({}, {}, 'free')).dollars).toBeNull()
})

describe('the history windows of the tenants', () => {
  const tenantNames = (count: number, owner = OWNER) =>
    Array.from({ length: count }, (_, index) => `fleet/${owner.fleet}/${owner.catalogId}/t${index}/db`)

  /** What is foreseen for tenants, each with its window in hours, in an account with those of another fleet. */
  async function foreseeWindows(hours: readonly number[], work: Partial<ServiceWork> = {}) {
    const account = await setupNeonAccount()
    account.emulator.addHollowProjects(
      tenantNames(3, { fleet: 'f', catalogId: 'other' }).map((name) => ({ name, historySeconds: 3_600 })),
    )
    const names = tenantNames(hours.length)
    account.emulator.addHollowProjects(
      hours.map((it, index) => ({ name: names[index] ?? '', historySeconds: it * 3_600 })),
    )
    const tenants = hours.length
    const waves = [
      { name: 'canary', tenants: 1 },
      { name: 'everyone', tenants: tenants - 1 },
    ]
    const foreseen = await account
      .open({ requestsPerMinute: 600 })
      .foreseeService?.({ ...WORK, tenants, waves, restorePoints: tenants, concurrency: 20, keep: DAY_MS, ...work })
    return { ...(foreseen as ServiceCost), asked: account.emulator.calls.count('listProjects') }
  }

  test('are compared with what restore points are promised for, those of this fleet alone', async () => {
    const { warnings, refusal } = await foreseeWindows([72, 24, 24, 72])
    expect(warnings).toEqual([
      expect.stringMatching(
        /^2 of 4 projects of the fleet keep too little history, the least 24 h: in waves "canary", "everyone" a restore point has to be reached for 26 h, 2 h more, with `restorePoints.keep`/,
      ),
    ])
    expect(refusal).toBeUndefined()
    expect((await foreseeWindows([72, 48])).warnings).toEqual([])
    expect((await foreseeWindows([24, 24], { keep: HOUR_MS })).warnings).toEqual([])
  })

  test('that end before the rollout does speak against it, and name the waves that wait for too long', async () => {
    // 33.6 h at 600 calls a minute: those who come last are returned all the same.
    const waves = [
      { name: 'early', tenants: 150_000 },
      { name: 'late', tenants: 150_000 },
    ]
    const work = { tenants: 300_000, restorePoints: 300_000, concurrency: 1_000, waves }
    const { refusal, warnings } = await foreseeWindows([24, 720], work)
    expect(refusal).toMatch(
      /^1 of 2 projects of the fleet keep too little history, the least 24 h: in wave "early" a restore point has to be reached for 36 h, 12 h more, until the rollout has ended/,
    )
    expect(warnings).toEqual([])
  })

  test('are those of a sample where there are too many tenants to look at all within seconds', async () => {
    const { warnings, asked } = await foreseeWindows(Array.from({ length: 4_500 }, () => 24))
    expect(warnings).toEqual([
      expect.stringMatching(/^4000 of 4000 projects of the fleet that were looked at keep too little history/),
    ])
    expect(asked).toBe(11)
  })
})

test('an undo and rehearsals cost calls as well, and what a restore keeps is a branch', async () => {
  const undo = await foresee({ tenants: 100, restores: 100, concurrency: 20 })
  expect(undo).toMatchObject({ calls: { least: 1_680, most: 2_520 }, branches: 100, leastMs: 60_000 })
  expect((await foresee({ tenants: 100, rehearsals: 10 })).calls).toEqual({ least: 95, most: 95 })
})

test('restore points cost calls, and a branch each', async () => {
  const { calls, branches } = await foresee({ tenants: 100, restorePoints: 10, keep: DAY_MS })
  expect({ calls, branches }).toEqual({ calls: { least: 42, most: 63 }, branches: 10 })
})
