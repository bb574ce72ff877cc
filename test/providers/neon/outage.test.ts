import { beforeEach, describe, expect, test } from 'vitest'
import { ids } from '../../support/fleet.ts'
import type { CallFault } from '../../support/neon-emulator/faults.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonFleet } from './neon-fleet.ts'
import { seeProjects } from './see-projects.ts'

beforeEach(needsEmulator)

const OLD = ['0001_items', '0002_price']
const NEW = [...OLD, '0003_drop']
const DROP = 'await sql`alter table items drop column price`.execute(db)'
const TENANTS = ids(3)

const FAULTS: readonly (readonly [string, CallFault, times: number])[] = [
  ['is not served', 'unavailable', 4],
  ['loses responses', 'loseResponse', 2],
]

describe('in the middle of a wave', () => {
  test.each(FAULTS)('an API that %s costs no tenant, and each has one restore point', async (_, fault, times) => {
    const { fleet, create, migration, histories, asApplication, emulator } = await setupNeonFleet()
    await create(TENANTS)
    for (const id of TENANTS) await asApplication(id, (client) => client.query('insert into items values (1, 10)'))
    await migration('0003_drop', DROP)
    let met = false
    fleet.on((event) => {
      if (event.type !== 'tenant.succeeded' || met) return
      met = true
      emulator.faults.next({ fault, times })
    })
    const started = await fleet.rollouts.start()
    expect(met).toBe(true)
    expect(started).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
    expect(await histories(TENANTS)).toEqual(Object.fromEntries(TENANTS.map((id) => [id, NEW])))
    const branches = (await seeProjects(emulator)).map((it) => it.branches.map(({ name }) => name.replace(/\d+$/, '')))
    expect(branches).toEqual(TENANTS.map(() => ['fleet/rp/p', 'main']))
    const points = await fleet.restorePoints.list()
    expect(points.map(({ state }) => state)).toEqual(TENANTS.map(() => 'ready'))
    if (started.kind !== 'rested') throw new Error('It did not rest.')
    await fleet.rollouts.undo(started.status.id, { acceptDataLoss: true })
    expect(await histories(TENANTS)).toEqual(Object.fromEntries(TENANTS.map((id) => [id, OLD])))
    for (const id of TENANTS)
      expect((await asApplication(id, (client) => client.query('select * from items'))).rows).toEqual([
        { id: 1, price: 10 },
      ])
    await fleet.tenants.delete(TENANTS)
    expect(await Array.fromAsync(fleet.sweep())).toEqual([])
    expect(await seeProjects(emulator)).toEqual([])
  })
})

test('an API that is away for good fails no tenant: the rollout pauses and says so, and a resume alone ends it', async () => {
  const { fleet, create, migration, histories, events, emulator } = await setupNeonFleet({ rollout: { attempts: 2 } })
  await create(TENANTS)
  await migration('0003_drop', DROP)
  let met = false
  fleet.on((event) => {
    if (event.type !== 'tenant.succeeded' || met) return
    met = true
    emulator.faults.next({ fault: 'unavailable', times: 1_000 })
  })
  expect(await fleet.rollouts.start()).toMatchObject({
    kind: 'rested',
    status: {
      state: 'paused',
      pauseReason: 'server-unfit',
      pauseNote: expect.stringMatching(/^What is left of wave .* waits for neon: .* Neon: its API is not available/),
      waves: [{ counts: { succeeded: 1, pending: 2, running: 0, failed: 0 } }],
    },
  })
  // Of what was never begun at Neon, nothing is left that somebody would have to prune.
  expect(await fleet.restorePoints.list()).toMatchObject([{ tenantId: 't001', state: 'ready' }])
  emulator.faults.clear()
  expect(await fleet.rollouts.resume()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
  expect(events.filter(({ type }) => type === 'tenant.failed')).toEqual([])
  expect(await histories(TENANTS)).toEqual(Object.fromEntries(TENANTS.map((id) => [id, NEW])))
}, 180_000)
