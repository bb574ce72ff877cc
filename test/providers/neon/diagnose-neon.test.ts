import { beforeEach, describe, expect, test } from 'vitest'
import type { NeonSettings } from '../../../src/model/neon-settings.ts'
import { diagnosePlan } from '../../../src/providers/neon/plan-limits.ts'
import { NEON_PLANS, type NeonPlanName } from '../../../src/providers/neon/prices.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonAccount } from './neon-account-for-test.ts'

beforeEach(needsEmulator)

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const NOTHING_SET = { historyRetention: undefined, suspendTimeout: undefined, templateProjectId: undefined }

function diagnosed(name: NeonPlanName, settings: Partial<NeonSettings> = {}, projects = 1) {
  return diagnosePlan({ name, plan: NEON_PLANS[name] }, { ...NOTHING_SET, ...settings }, { projects, isAll: true })
}

describe('what the doctor says of a plan at Neon', () => {
  test('is what it allows, when that was published, and how many projects are in use', () => {
    expect(diagnosed('launch').map(({ verdict, message }) => [verdict, message])).toEqual([
      [
        'ok',
        'Plan launch allows, as Neon published it (2026-08): 100 projects, 5000 branches in each, 5 of them roots, a history window of 168 h, computes suspended after 5 min.',
      ],
      ['ok', 'Projects in use: 1 of 100 that plan launch allows.'],
    ])
    expect(diagnosed('agent')[0]?.message).toContain('projects as agreed')
  })

  test('warns where most of its projects are in use', () => {
    expect(diagnosed('free', {}, 90)).toContainEqual(expect.objectContaining({ verdict: 'warning' }))
    expect(diagnosed('free', {}, 89).every(({ verdict }) => verdict === 'ok')).toBe(true)
  })

  test.each<[NeonPlanName, Partial<NeonSettings>, string[]]>([
    ['free', { historyRetention: 7 * 60 * MINUTE }, ['provider.historyRetention is 7 h, and plan free allows 6 h']],
    ['launch', { historyRetention: 7 * DAY }, []],
    ['launch', { suspendTimeout: MINUTE }, ['provider.suspendTimeout is 60 s, and plan launch allows 300 s alone']],
    ['launch', { suspendTimeout: 5 * MINUTE }, []],
    ['scale', { suspendTimeout: MINUTE }, []],
    [
      'scale',
      { suspendTimeout: MINUTE / 2 },
      ['provider.suspendTimeout is 30 s, and plan scale allows 60 to 604800 s'],
    ],
    // No project is made.
    ['free', { historyRetention: DAY, templateProjectId: 'mine' }, []],
  ])('on %s names what %j asks for and is not allowed', (name, settings, messages) => {
    const errors = diagnosed(name, settings).filter(({ verdict }) => verdict === 'error')
    expect(errors.map(({ message }) => message)).toEqual(messages.map((it) => expect.stringContaining(it)))
  })

  test('counts the projects of the organisation until the plan is full', async () => {
    const account = await setupNeonAccount({ plan: 'free' })
    account.emulator.addHollowProjects(Array.from({ length: 95 }, (_, index) => ({ name: `mine-${index}` })))
    expect(await account.provider.diagnose()).toContainEqual(
      expect.objectContaining({ verdict: 'warning', message: 'Projects in use: 95 of 100 that plan free allows.' }),
    )
    expect(account.emulator.calls.count('listProjects')).toBe(1)
    const elsewhere = await account.open({ orgId: undefined }).diagnose()
    expect(elsewhere[0]?.message).toContain('its plan is not known')
  })

  test('names a region that there is not, with those that there are', async () => {
    const account = await setupNeonAccount()
    const told = { subject: 'Neon', verdict: 'error', message: expect.stringContaining('"aws-moon-1"') }
    const found = await account.open({ region: 'aws-moon-1' }).diagnose()
    expect(found).toContainEqual({ ...told, remedy: expect.stringContaining('aws-us-east-1') })
    expect((await account.provider.diagnose()).every(({ verdict }) => verdict !== 'error')).toBe(true)
  })

  test('is asked for once, also where tenants are branches', async () => {
    const account = await setupNeonAccount({}, 'branch-per-tenant')
    await account.tenant('a')
    account.emulator.calls.reset()
    const found = await account.provider.diagnose()
    expect(found.every(({ verdict }) => verdict !== 'error')).toBe(true)
    expect(found).toContainEqual(expect.objectContaining({ message: expect.stringContaining('of 5000 that') }))
    expect(account.emulator.calls.count('getOrganization')).toBe(1)
  })
})
