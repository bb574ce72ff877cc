import { beforeEach, describe, expect, test } from 'vitest'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonFleet } from './neon-fleet.ts'

beforeEach(needsEmulator)

const OLD = ['0001_items', '0002_price']
const NEW = [...OLD, '0003_drop']
const DROP = 'await sql`alter table items drop column price`.execute(db)'

describe('a fleet at Neon', () => {
  test('creates tenants, rolls a risky migration out, and takes it back to the rows of before', async () => {
    const { fleet, create, migration, histories, asApplication, emulator } = await setupNeonFleet()
    await create(['a', 'b'])
    for (const id of ['a', 'b']) await asApplication(id, (client) => client.query('insert into items values (1, 10)'))
    expect(await histories(['a', 'b'])).toEqual({ a: OLD, b: OLD })
    await migration('0003_drop', DROP)
    emulator.calls.reset()
    const plan = await fleet.rollouts.plan()
    // Each has a server of its own.
    expect(plan.policy).toMatchObject({ concurrency: 32, perServer: 32 })
    expect(plan.serviceCost).toMatchObject({
      service: 'Neon',
      calls: { least: 9, most: 13 },
      wakes: 2,
      branches: 2,
      // A day of history is as long as restore points are kept: there is nothing left for the rollout itself.
      warnings: [expect.stringMatching(/the least 24 h: .* for 26 h, 2 h more/)],
    })
    const started = await fleet.rollouts.start()
    expect(started).toMatchObject({ kind: 'rested', status: { state: 'completed', outcome: 'succeeded' } })
    expect(emulator.calls.total / 2).toBeLessThanOrEqual(6)
    expect(await histories(['a', 'b'])).toEqual({ a: NEW, b: NEW })
    if (started.kind !== 'rested') throw new Error('it did not rest')
    const undone = await fleet.rollouts.undo(started.status.id, { acceptDataLoss: true })
    expect(undone).toMatchObject({ status: { outcome: 'succeeded' } })
    expect(await histories(['a', 'b'])).toEqual({ a: OLD, b: OLD })
    for (const id of ['a', 'b'])
      expect((await asApplication(id, (client) => client.query('select * from items'))).rows).toEqual([
        { id: 1, price: 10 },
      ])
    await fleet.tenants.delete(['a', 'b'])
    expect(await Array.fromAsync(fleet.sweep())).toEqual([])
    expect((await emulator.client.listProjects({ limit: 100 })).data.projects).toEqual([])
  })
})
