import { describe, expect, onTestFinished, test } from 'vitest'
import { closeClient, openClient } from '../../src/postgres/connect.ts'
import { parseConnectionString } from '../../src/postgres/connection-string.ts'
import { setupFleet, type TestFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'
import { superuser } from '../support/test-server.ts'

const ITEMS = 'select id, price from items order by id'

async function setup() {
  const test = await setupFleet()
  await test.create(['acme', 'other'])
  const asApplication = async <T>(sql: string): Promise<T[]> => {
    const url = parseConnectionString(await test.fleet.tenants.url('acme', { reveal: true }))
    const client = await openClient(url, { applicationName: 'application' })
    try {
      return (await client.query(sql)).rows as T[]
    } finally {
      await closeClient(client)
    }
  }
  return { ...test, asApplication }
}

async function databasesOf({ inCatalog, name }: TestFleet): Promise<string[]> {
  const { rows } = await inCatalog((client) =>
    client.query('select datname from pg_database where starts_with(datname, $1) order by 1', [`${name}_`]),
  )
  return rows.map(({ datname }) => datname.slice(name.length))
}

describe('a restore point', () => {
  test('is a proven copy that nobody can connect to, and is listed', async () => {
    const { fleet, inTenant, inCatalog, name } = await setup()
    await inTenant('acme', (client) => client.query('insert into items values (1, 10)'))
    const point = await fleet.restorePoints.create('acme')
    expect(point).toMatchObject({ id: 'p1', tenantId: 'acme', state: 'ready', reason: 'manual', version: '0002_price' })
    expect(point.bytes).toBeGreaterThan(1_000_000)
    expect(await fleet.restorePoints.list({ tenantId: 'acme' })).toEqual([point])
    expect(await fleet.restorePoints.list({ tenantId: 'other' })).toEqual([])
    const { rows } = await inCatalog((client) =>
      client.query('select datallowconn as open from pg_database where datname = $1', [`${name}__restore_p1`]),
    )
    expect(rows).toEqual([{ open: false }])
  })

  test('ends the sessions in the tenant, and lets the next one in', async () => {
    const { fleet, asApplication } = await setup()
    const url = parseConnectionString(await fleet.tenants.url('acme', { reveal: true }))
    const session = await openClient(url, { applicationName: 'application' })
    await fleet.restorePoints.create('acme')
    await expect(session.query('select 1')).rejects.toThrow()
    expect(await asApplication('select 1 as up')).toEqual([{ up: 1 }])
  })

  test('is refused while the tenant is being migrated, and leaves neither a database nor a record', async () => {
    const test = await setup()
    const holder = await openClient({ ...superuser(), database: `${test.name}_acme` }, { applicationName: 'holder' })
    onTestFinished(() => closeClient(holder))
    await holder.query('select pg_advisory_lock(3853314791062309107)')
    await expect(test.fleet.restorePoints.create('acme')).rejects.toMatchObject({ code: 'TENANT_BUSY' })
    expect(await test.fleet.restorePoints.list()).toEqual([])
    expect(await holder.query('select 1 as up')).toMatchObject({ rows: [{ up: 1 }] })
    expect((await databasesOf(test)).filter((it) => it.includes('restore'))).toEqual([])
  })

  test('is removed when its time is over, and with its tenant', async () => {
    const test = await setup()
    const { fleet, inCatalog } = test
    await fleet.restorePoints.create('acme')
    await fleet.restorePoints.create('other')
    await inCatalog((client) => client.query(`update fleet.restore_point set keep = '0' where tenant_id = 'acme'`))
    await expect(fleet.restore('acme', { to: 'p1' })).rejects.toMatchObject({
      code: 'RESTORE_REFUSED',
      message: expect.stringContaining('has expired'),
    })
    const gone = []
    for await (const point of fleet.restorePoints.prune()) gone.push(point.id)
    expect(gone).toEqual(['p1'])
    expect((await databasesOf(test)).filter((it) => it.includes('restore'))).toEqual(['__restore_p2'])
    await fleet.tenants.delete(['other'])
    expect((await databasesOf(test)).filter((it) => it.includes('restore'))).toEqual([])
    expect(await fleet.restorePoints.list()).toEqual([])
  })
})

describe('a restore', () => {
  test('brings rows and settings back under the same connection string, and can be taken back', async () => {
    const { fleet, inTenant, asApplication, name } = await setup()
    await inTenant('acme', (client) => client.query('insert into items values (1, 10), (2, 20)'))
    await inTenant('acme', (client) =>
      client.query(`alter database "${name}_acme" set statement_timeout = '77s';
        alter database "${name}_acme" set search_path = '$user', public, pg_catalog;
        alter role "${name}_acme" in database "${name}_acme" set work_mem = '9MB';
        alter database "${name}_acme" connection limit 33`),
    )
    const settings = `select current_setting('statement_timeout') as timeout, current_setting('search_path') as path,
      current_setting('work_mem') as memory, datconnlimit as most from pg_database where datname = current_database()`
    const before = await asApplication(settings)
    expect(before).toEqual([{ timeout: '77s', path: '"$user", public, pg_catalog', memory: '9MB', most: 33 }])
    await fleet.restorePoints.create('acme')
    await inTenant('acme', (client) => client.query('alter table items drop column price'))

    const restored = await fleet.restore('acme')
    expect(restored).toMatchObject({ loss: { kind: 'none' }, settingsLost: [], point: { id: 'p1', state: 'restored' } })
    expect(await asApplication(ITEMS)).toEqual([
      { id: 1, price: 10 },
      { id: 2, price: 20 },
    ])
    expect(await asApplication(settings)).toEqual(before)

    await asApplication('insert into items values (3, 30)')
    const { id } = restored.kept
    await expect(fleet.restore('acme', { to: id })).rejects.toMatchObject({
      code: 'RESTORE_REFUSED',
      message: expect.stringMatching(/only in the tenant are 3.*\n {2}public\.items {2}3 and 2$/),
    })
    await fleet.restore('acme', { to: id, acceptDataLoss: true })
    expect(await asApplication('select * from items order by id')).toEqual([{ id: 1 }, { id: 2 }])
    expect(await asApplication(settings)).toEqual(before)
  })

  test('is refused where rows were written since, by table and number, and nothing is changed', async () => {
    const test = await setup()
    const { fleet, asApplication } = test
    await fleet.restorePoints.create('acme')
    await asApplication('insert into items values (1, 10), (2, 20)')
    await asApplication('update items set price = 11 where id = 1')
    const databases = await databasesOf(test)
    await expect(fleet.restore('acme')).rejects.toMatchObject({
      code: 'RESTORE_REFUSED',
      message: expect.stringMatching(/only in the tenant are 2.*\n {2}public\.items {2}2 and 0/),
    })
    expect(await asApplication(ITEMS)).toHaveLength(2)
    expect(await databasesOf(test)).toEqual(databases)
    const { loss } = await fleet.restore('acme', { acceptDataLoss: true })
    // Nobody waits for rows to be compared where the answer decides nothing.
    expect(loss).toMatchObject({ kind: 'at-most', rows: 3 })
    expect(await asApplication(ITEMS)).toEqual([])
  })

  test('where a table was emptied since that we may not read, what is lost is unknown', async () => {
    const { fleet, inTenant } = await setup()
    const why = 'the table public.notes was emptied'
    await inTenant('acme', (client) => client.query('create table notes (id int); insert into notes values (1)'))
    await fleet.restorePoints.create('acme')
    await inTenant('acme', (client) => client.query('truncate notes'))
    await expect(fleet.restore('acme')).rejects.toMatchObject({
      code: 'RESTORE_REFUSED',
      message: expect.stringContaining(`unknown: ${why}`),
    })
  })

  test('counts large objects, and a table of the application that is named like the history', async () => {
    const { fleet, inTenant } = await setup()
    await inTenant('acme', (client) => client.query('create schema app; create table app.kysely_migration (id int)'))
    await fleet.restorePoints.create('acme')
    await inTenant('acme', (client) =>
      client.query(`insert into app.kysely_migration values (1); select lo_from_bytea(0, 'a')`),
    )
    const { loss } = await fleet.restore('acme', { acceptDataLoss: true })
    expect(loss).toMatchObject({
      kind: 'at-most',
      tables: [
        { table: 'app.kysely_migration', rows: 1 },
        { table: 'pg_catalog.pg_largeobject', rows: 1 },
      ],
    })
  })

  test('corrects what the catalog knows of the version, and the tenant can be migrated and deleted', async () => {
    const test = await setup()
    const { fleet, migration, histories } = test
    await fleet.restorePoints.create('acme')
    await migration('0003_color', 'await sql`alter table items add column color text`.execute(db)')
    await fleet.rollouts.start()
    await fleet.restore('acme')
    expect(await fleet.tenants.show('acme')).toMatchObject({ version: '0002_price', pending: ['0003_color'] })
    await fleet.rollouts.start()
    expect(await histories(['acme'])).toEqual({ acme: ['0001_items', '0002_price', '0003_color'] })
    await fleet.tenants.delete(['acme'])
    expect((await databasesOf(test)).filter((it) => !it.includes('template'))).toEqual(['__catalog', '_other'])
  })

  test('of a pinned tenant, to a restore point of another one, or to none is refused', async () => {
    const { fleet } = await setup()
    await fleet.restorePoints.create('other')
    await expect(fleet.restore('acme')).rejects.toMatchObject({ code: 'RESTORE_POINT_UNKNOWN' })
    await expect(fleet.restore('acme', { to: 'p9' })).rejects.toMatchObject({ code: 'RESTORE_POINT_UNKNOWN' })
    await expect(fleet.restore('acme', { to: 'p1' })).rejects.toMatchObject({
      code: 'RESTORE_REFUSED',
      message: expect.stringContaining('tenant "other"'),
    })
    await fleet.tenants.pin(['other'], 'audit')
    await expect(fleet.restore('other')).rejects.toMatchObject({
      code: 'RESTORE_REFUSED',
      message: expect.stringContaining('audit'),
    })
  })

  test('under four writers loses nothing of what was there at the restore point', async () => {
    const { fleet, inTenant, asApplication } = await setup()
    await inTenant('acme', (client) => client.query('insert into items select n, n from generate_series(1, 1000) n'))
    const stop = new AbortController()
    const write = async (writer: number) => {
      for (let n = 0; !stop.signal.aborted; n += 1) {
        // A session that is ended, or a name that is being exchanged: the next try gets in.
        await asApplication(`insert into items values (${(writer + 1) * 1_000_000 + n}, 0)`).catch(() => {})
      }
    }
    const writers = [0, 1, 2, 3].map(write)
    try {
      await fleet.restorePoints.create('acme')
      await fleet.restore('acme', { acceptDataLoss: true })
    } finally {
      stop.abort()
      await Promise.all(writers)
    }
    expect(await asApplication('select count(*)::int, sum(price)::int from items where id <= 1000')).toEqual([
      { count: 1000, sum: 500500 },
    ])
  })
})

describe.each(['restore-point.recorded', 'restore-point.copied', 'restore-point.made'])('killed at %s', (failpoint) => {
  test('the next one is made, and nothing is left of the first', async () => {
    const test = await setup()
    const { fleet, root, env, inCatalog, asApplication } = test
    const killed = await runFleet(['restore-point', 'create', 'acme'], {
      root,
      env: { ...env, FLEET_FAILPOINT: failpoint },
    })
    expect(killed.code).toBe('SIGKILL')
    expect(await asApplication('select 1 as up')).toEqual([{ up: 1 }])
    expect(await fleet.restorePoints.create('acme')).toMatchObject({ state: 'ready' })
    await inCatalog((client) =>
      client.query(`update fleet.restore_point set created_at = now() - interval '2 hours' where state = 'creating'`),
    )
    for await (const _ of fleet.restorePoints.prune());
    expect((await databasesOf(test)).filter((it) => it.includes('restore'))).toEqual(['__restore_p2'])
  })
})

describe.each([
  ['restore.recorded', true],
  // Rows are compared only where the answer decides something.
  ['restore-point.opened', false],
  ['restore.prepared', true],
  ['restore.swapped', true],
  ['restore.done', true],
])('killed at %s', (failpoint, isWrittenTo) => {
  test('run again, it ends as if nothing had happened, though the time of the restore point is over', async () => {
    const test = await setup()
    const { fleet, root, env, asApplication, inCatalog } = test
    await asApplication('insert into items values (1, 10)')
    await fleet.restorePoints.create('acme')
    if (isWrittenTo) await asApplication('insert into items values (2, 20)')
    const args = ['restore', 'acme', ...(isWrittenTo ? ['--accept-data-loss'] : []), '--yes']
    const killed = await runFleet(args, { root, env: { ...env, FLEET_FAILPOINT: failpoint } })
    expect(killed.code).toBe('SIGKILL')
    expect((await asApplication<{ id: number }>(ITEMS)).at(0)).toMatchObject({ id: 1 })
    await inCatalog((client) => client.query(`update fleet.restore_point set keep = '0' where id = 1`))
    expect(await Array.fromAsync(fleet.restorePoints.prune())).toEqual([])
    expect(await runFleet(args, { root, env })).toMatchObject({ code: 0 })
    expect(await asApplication(ITEMS)).toEqual([{ id: 1, price: 10 }])
    const points = await fleet.restorePoints.list({ tenantId: 'acme' })
    expect(points.map(({ id, state }) => `${id} ${state}`)).toEqual(['p2 ready', 'p1 restored'])
    await fleet.restore('acme', { to: 'p2', acceptDataLoss: true })
    expect(await asApplication(ITEMS)).toHaveLength(isWrittenTo ? 2 : 1)
  })
})
