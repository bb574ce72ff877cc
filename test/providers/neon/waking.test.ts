import { beforeEach, describe, expect, test } from 'vitest'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

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
    expect(emulator.calls.log.map(({ call }) => call)).toEqual(['getOrganization'])
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
    // Nor do other commands show it raw.
    const refusal = { code: 'SERVICE_QUOTA', message: expect.stringContaining('exceeded the compute time quota') }
    await expect(fleet.restorePoints.create('a')).rejects.toMatchObject(refusal)
  })

  test('and that nobody gets into any more is refused in the words of the proxy', async () => {
    const { fleet, create, emulator } = await setupNeonFleet()
    await create(['a'])
    emulator.faults.refuse('Control plane request failed: endpoint is disabled', {})
    const refusal = { code: 'SERVICE_REFUSED', message: expect.stringContaining('endpoint is disabled') }
    await expect(fleet.restorePoints.create('a')).rejects.toMatchObject(refusal)
  })

  test('is waited for while too many others run', async () => {
    const { fleet, create, emulator } = await setupNeonFleet()
    await create(['a'])
    emulator.faults.refuse(
      'You have exceeded the limit of concurrently active endpoints. Please suspend some endpoints and try again.',
      { times: 2 },
    )
    expect(await fleet.restorePoints.create('a')).toMatchObject({ state: 'ready' })
  })
})
