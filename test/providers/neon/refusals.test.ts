import { beforeEach, describe, expect, test } from 'vitest'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupNeonFleet } from './neon-fleet.ts'
import { seeProjects } from './see-projects.ts'

beforeEach(needsEmulator)

const NEW = ['0001_items', '0002_price', '0003_drop']
const DROP = 'await sql`alter table items drop column price`.execute(db)'

describe('a rollout', () => {
  test('outlasts an API that is gone for longer than a call waits, and no tenant is to blame', async () => {
    const { fleet, create, migration, histories, emulator, events } = await setupNeonFleet()
    await create(['a', 'b'])
    await migration('0003_drop', DROP)
    emulator.faults.next({ call: 'createProjectBranch', times: 7, fault: 'unavailable' })
    expect(await fleet.rollouts.start()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
    expect(events.filter((it) => it.type === 'tenant.released').length).toBeGreaterThan(0)
    expect(events.filter((it) => it.type === 'tenant.failed')).toEqual([])
    expect(await histories(['a', 'b'])).toEqual({ a: NEW, b: NEW })
    const branches = (await seeProjects(emulator)).map((it) => it.branches.map(({ name }) => name.replace(/\d+$/, '')))
    expect(branches).toEqual([
      ['fleet/rp/p', 'main'],
      ['fleet/rp/p', 'main'],
    ])
    await fleet.tenants.delete(['a', 'b'])
  })
})

describe('a tenant', () => {
  test('that has returned, and has older restore points, is deleted with all of them', async () => {
    const { fleet, create, emulator } = await setupNeonFleet()
    await create(['a'])
    for (let count = 0; count < 3; count++) await fleet.restorePoints.create('a')
    await fleet.restore('a')
    await fleet.tenants.delete(['a'])
    expect(await seeProjects(emulator)).toEqual([])
  })

  test('that has returned to what a restore had kept is deleted, though Neon lets go of that root no more', async () => {
    const { fleet, create, emulator } = await setupNeonFleet()
    await create(['a'])
    await fleet.restorePoints.create('a')
    const { kept } = await fleet.restore('a')
    await fleet.restore('a', { to: kept.id, acceptDataLoss: true })
    await fleet.tenants.delete(['a'])
    expect(await seeProjects(emulator)).toEqual([])
    expect((await fleet.restorePoints.list()).filter(({ state }) => state === 'ready')).toEqual([])
  })

  test('that Neon has put back to another state is not taken for returned, and what it is is recorded', async () => {
    const { fleet, create, migration, inCatalog, histories, emulator } = await setupNeonFleet()
    await create(['a'])
    const { id } = await fleet.restorePoints.create('a')
    await migration('0003_drop', DROP)
    await fleet.rollouts.start()
    await inCatalog((client) =>
      client.query(`update fleet.restore_point set history_id = (select history_id from fleet.tenant) where id = 1`),
    )
    await expect(fleet.restore('a', { to: id, acceptDataLoss: true })).rejects.toMatchObject({
      code: 'RESTORE_FAILED',
      message: expect.stringContaining('is 0002_price, not 0003_drop'),
    })
    expect(await fleet.tenants.show('a')).toMatchObject({ version: '0002_price' })
    const [kept, ...others] = await fleet.restorePoints.list({ tenantId: 'a' })
    expect([kept, ...others]).toMatchObject([
      { state: 'ready', reason: 'restore' },
      { state: 'ready' },
      { id, state: 'ready' },
    ])
    const [project] = await seeProjects(emulator)
    expect(project?.branches.map(({ name }) => name)).toContain(`fleet/rp/${id}`)
    await fleet.restore('a', { to: kept?.id ?? '', acceptDataLoss: true })
    expect(await histories(['a'])).toEqual({ a: NEW })
  })

  test('whose restore was accepted while Neon went away has returned once when it is asked again', async () => {
    const { fleet, create, emulator, asApplication } = await setupNeonFleet()
    await create(['a'])
    const run = async (sql: string) => (await asApplication('a', (client) => client.query(sql))).rows
    await run('insert into items values (1, 10)')
    await fleet.restorePoints.create('a')
    await run('insert into items values (2, 20)')
    emulator.faults.next({ call: 'deleteProjectBranch', times: 6, fault: 'unavailable' })
    const restore = () => fleet.restore('a', { acceptDataLoss: true })
    await expect(restore()).rejects.toMatchObject({ code: 'SERVICE_UNREACHABLE' })
    emulator.faults.clear()
    const { kept } = await restore()
    expect(await run('select id from items')).toEqual([{ id: 1 }])
    expect(emulator.calls.count('restoreProjectBranch')).toBe(1)
    expect((await fleet.restorePoints.list()).map(({ id, state }) => [id, state])).toEqual([
      [kept.id, 'ready'],
      ['p1', 'restored'],
    ])
    expect((await seeProjects(emulator))[0]?.branches.map(({ name }) => name)).toEqual([
      `fleet/undo/${kept.id}`,
      'main',
    ])
    await fleet.tenants.delete(['a'])
  })
})
