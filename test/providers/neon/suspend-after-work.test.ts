import { beforeEach, describe, expect, test } from 'vitest'
import { closeClient, openClient } from '../../../src/postgres/connect.ts'
import { needsEmulator, type TestEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonAccount } from './neon-account-for-test.ts'
import { setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

async function computeOf({ client }: TestEmulator, tenant: string) {
  const { data } = await client.listProjects({ search: `/${tenant}/db` })
  const [compute] = (await client.listProjectEndpoints(data.projects[0]?.id ?? '')).data.endpoints
  if (compute === undefined) throw new Error(`Tenant ${tenant} has no compute.`)
  return compute
}

async function suspend(emulator: TestEmulator, tenant: string): Promise<void> {
  const { project_id, id } = await computeOf(emulator, tenant)
  await emulator.client.suspendProjectEndpoint(project_id, id)
  await emulator.settled()
}

async function stateOf(emulator: TestEmulator, tenant: string): Promise<string> {
  await emulator.settled()
  return (await computeOf(emulator, tenant)).current_state
}

test('after a rollout, a compute that it has woken sleeps again, and one that was awake stays so', async () => {
  const { fleet, create, migration, emulator } = await setupNeonFleet({}, {}, { suspendAfter: true })
  await create(['a', 'b'])
  await migration('0003_more', 'await sql`create table more ()`.execute(db)')
  // Which reads the sizes of tables, and so wakes whom it asks.
  await fleet.rollouts.plan()
  await suspend(emulator, 'a')
  emulator.calls.reset()
  expect(await fleet.rollouts.start()).toMatchObject({ status: { outcome: 'succeeded' } })
  const asked = ['listProjectBranchEndpoints', 'suspendProjectEndpoint'].map((call) => emulator.calls.count(call))
  expect(asked).toEqual([2, 1])
  expect([await stateOf(emulator, 'a'), await stateOf(emulator, 'b')]).toEqual(['idle', 'active'])
})

describe('a compute that is woken for some work', () => {
  /** A tenant that sleeps and is going to be worked on; `work` wakes it. */
  async function setup() {
    const { emulator, open, tenant } = await setupNeonAccount()
    const provider = open({ suspendAfter: true })
    const placement = await tenant('a', provider)
    const to = await provider.connect(placement)
    await suspend(emulator, 'a')
    emulator.calls.reset()
    return {
      emulator,
      attend: async () => (await provider.attend?.(placement)) ?? expect.unreachable(),
      openSession: (applicationName: string) => openClient(to, { applicationName }),
      work: async () => closeClient(await openClient(to, { applicationName: 'fleet/r1/a/1' })),
    }
  }

  test.each([
    ['the application', 'app'],
    ['a process of the fleet', 'fleet/restore-point'],
  ])('stays awake while %s is in it', async (_, applicationName) => {
    const { emulator, attend, openSession } = await setup()
    const leave = await attend()
    const session = await openSession(applicationName)
    await leave()
    await emulator.settled()
    expect((await session.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await closeClient(session)
    await leave()
    expect(await stateOf(emulator, 'a')).toBe('idle')
  })

  test.each(['locked', 'unavailable', 'loseResponse', 'notFound'] as const)(
    'is suspended once, and what becomes of that hurts nobody: %s',
    async (fault) => {
      const { emulator, attend, work } = await setup()
      const leave = await attend()
      await work()
      emulator.faults.next({ call: 'suspendProjectEndpoint', fault, times: 5 })
      await expect(leave()).resolves.toBeUndefined()
      expect(emulator.calls.count('suspendProjectEndpoint')).toBe(1)
    },
  )

  test('is left alone where Neon does not say that it slept', async () => {
    const { emulator, attend, work } = await setup()
    emulator.faults.next({ call: 'listProjectBranchEndpoints', fault: 'unavailable', times: 5 })
    const leave = await attend()
    await work()
    await leave()
    expect(emulator.calls.log.map(({ call }) => call)).toEqual(['listProjectBranchEndpoints'])
  })
})

test('unless that is asked for, nobody is asked whether a compute sleeps', async () => {
  const { provider } = await setupNeonAccount()
  expect(provider.attend).toBeUndefined()
})
