import { beforeEach, describe, expect, test } from 'vitest'
import { withClient } from '../../../src/postgres/connect.ts'
import { parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { needsEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { setupBranchFleet } from './neon-fleet.ts'
import { seeProjects } from './see-projects.ts'

beforeEach(needsEmulator)

const OLD = ['0001_items', '0002_price']
const NEW = [...OLD, '0003_drop']
const DROP = 'await sql`alter table items drop column price`.execute(db)'
const ROWS = 'select id, price from items order by id'

describe('a fleet whose tenants are branches at Neon', () => {
  test('clones tenants, rolls a risky migration out, and takes it back at other addresses', async () => {
    const it = await setupBranchFleet()
    const { fleet, create, migration, histories, asApplication, emulator } = it
    await create(['a', 'b'])
    for (const id of ['a', 'b']) await asApplication(id, (client) => client.query('insert into items values (1, 10)'))
    expect(await histories(['a', 'b'])).toEqual({ a: OLD, b: OLD })
    const urlOf = (id: string) => fleet.tenants.url(id, { reveal: true })
    const urls = { a: await urlOf('a'), b: await urlOf('b') }
    await migration('0003_drop', DROP)
    expect((await fleet.rollouts.plan()).serviceCost).toMatchObject({ service: 'Neon', branches: 2, warnings: [] })
    const started = await fleet.rollouts.start()
    expect(started).toMatchObject({ kind: 'rested', status: { state: 'completed', outcome: 'succeeded' } })
    expect(await histories(['a', 'b'])).toEqual({ a: NEW, b: NEW })
    expect({ a: await urlOf('a'), b: await urlOf('b') }).toEqual(urls)
    if (started.kind !== 'rested') throw new Error('it did not rest')
    const moved: string[] = []
    fleet.on((event) => {
      if (event.type === 'tenant.restored' && event.endpointChanged) moved.push(event.tenantId)
    })
    const undone = await fleet.rollouts.undo(started.status.id, { acceptDataLoss: true })
    expect(undone).toMatchObject({ status: { outcome: 'succeeded' } })
    expect(moved.toSorted()).toEqual(['a', 'b'])
    expect(await histories(['a', 'b'])).toEqual({ a: OLD, b: OLD })
    for (const id of ['a', 'b'] as const) {
      expect((await asApplication(id, (client) => client.query(ROWS))).rows).toEqual([{ id: 1, price: 10 }])
      expect(await urlOf(id)).not.toBe(urls[id])
      // Who still has the old address is refused: what is kept does not change any more.
      const old = withClient(parseConnectionString(urls[id]), { applicationName: 'app' }, (it) => it.query('select 1'))
      await expect(old).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' })
    }
    const [project] = await seeProjects(emulator)
    const seen = project?.branches.map(({ name, computes }) => [name.split('/').slice(-2).join('/'), computes])
    expect(seen).toHaveLength(6)
    expect(seen).toEqual(
      expect.arrayContaining([
        ['a/db', 1],
        ['b/db', 1],
        [expect.stringMatching(/^[0-9a-f]{8}\/template$/), 0],
        [expect.stringMatching(/^undo\/p\d$/), 0],
        ['main', 1],
      ]),
    )
    await fleet.tenants.delete(['a', 'b'])
    expect(await Array.fromAsync(fleet.sweep())).toEqual([])
    const [left] = await seeProjects(emulator)
    expect(left?.branches).toHaveLength(2)
  })

  test('what a restore has kept stays as long as the tenant, and pruning says so once', async () => {
    const { fleet, create, asApplication, inCatalog, emulator } = await setupBranchFleet()
    await create(['a'])
    await fleet.restorePoints.create('a')
    await asApplication('a', (client) => client.query('insert into items values (1, 10)'))
    const { kept, endpointChanged } = await fleet.restore('a', { acceptDataLoss: true })
    expect(endpointChanged).toBe(true)
    expect(kept.goesWithTenant).toBe(true)
    // As if its time were over.
    await inCatalog((client) =>
      client.query(`update fleet.restore_point set keep = interval '0' where state = 'ready'`),
    )
    const prune = async () => (await Array.fromAsync(fleet.restorePoints.prune())).map(({ id }) => id)
    const pruned = await prune()
    expect(pruned).not.toContain(kept.id)
    expect(await fleet.restorePoints.list({ tenantId: 'a' })).toMatchObject([
      { id: kept.id, state: 'ready', goesWithTenant: true, error: null },
    ])
    emulator.calls.reset()
    expect(await prune()).toEqual([])
    expect(emulator.calls.total).toBe(0)
    await fleet.tenants.delete(['a'])
    expect(await fleet.restorePoints.list()).toEqual([])
    expect(await Array.fromAsync(fleet.sweep())).toEqual([])
  })

  test('a template that tenants hang under stays, recorded, and hinders no upgrade', async () => {
    const { fleet, create, migration, emulator } = await setupBranchFleet()
    const upgrade = async (name: string) => {
      await migration(name, `await sql\`create table more_${name} ()\`.execute(db)`)
      await fleet.templates.build()
      const [project] = await seeProjects(emulator)
      const branches = project?.branches.filter((it) => it.name.endsWith('/template')) ?? []
      const recorded = await fleet.templates.show()
      expect(recorded).toHaveLength(branches.length)
      return recorded.map(({ version }) => version)
    }
    await create(['a'])
    expect(await upgrade('0003_more')).toEqual(['0003_more', '0002_price'])
    // The newest two stay in any case.
    expect(await upgrade('0004_more')).toEqual(['0004_more', '0003_more', '0002_price'])
    await fleet.tenants.delete(['a'])
    expect(await upgrade('0005_more')).toEqual(['0005_more', '0004_more'])
    expect(await Array.fromAsync(fleet.sweep())).toEqual([])
  })
})
