import { beforeEach, describe, expect, test } from 'vitest'
import { whyNoEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonFleet } from './neon-fleet.ts'

beforeEach(async ({ skip }) => {
  const reason = await whyNoEmulator()
  skip(reason !== undefined, reason)
})

const MORE = 'await sql`create table more ()`.execute(db)'

describe('a compute that sleeps', () => {
  test('is waited for, whatever the proxy says meanwhile, and no call of the API is made for a safe migration', async () => {
    const { fleet, create, migration, emulator, histories } = await setupNeonFleet({}, { coldStartMs: 100 })
    await create(['a', 'b'])
    const { projects } = (await emulator.client.listProjects({})).data
    for (const { id } of projects) {
      const [endpoint] = (await emulator.client.listProjectEndpoints(id)).data.endpoints
      await emulator.client.suspendProjectEndpoint(id, endpoint?.id ?? '')
      await emulator.settled(id)
    }
    await migration('0003_more', MORE)
    emulator.faults.refuse("Couldn't connect to compute node", { times: 2 })
    emulator.calls.reset()
    expect(await fleet.rollouts.start()).toMatchObject({ status: { outcome: 'succeeded' } })
    // What the plan asks is the same for any number of tenants.
    expect(emulator.calls.log.map(({ call }) => call)).toEqual(['getOrganization', 'listProjects'])
    expect(await histories(['a', 'b'])).toEqual({
      a: ['0001_items', '0002_price', '0003_more'],
      b: ['0001_items', '0002_price', '0003_more'],
    })
  })

  test('that may not wake because the account has used up its quota fails no tenant: the rollout is paused', async () => {
    const { fleet, create, migration, emulator } = await setupNeonFleet()
    await create(['a', 'b'])
    await migration('0003_more', MORE)
    emulator.faults.refuse('Your account or project has exceeded the compute time quota.', {})
    expect(await fleet.rollouts.start()).toMatchObject({ status: { state: 'paused', failures: [] } })
  })
})
