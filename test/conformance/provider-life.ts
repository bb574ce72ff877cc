import { expect, test } from 'vitest'
import { Secret } from '../../src/model/secret.ts'
import { closeClient, openClient } from '../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import { PASSWORD, type TestFleet } from './provider-setup.ts'

export function lifeTests(fleet: () => TestFleet): void {
  test('a tenant is a copy of the template, for its application and for the admin', async () => {
    const { provider, template, tenant, application, inside } = fleet()
    const ref = await template('k1', `create table note (text text); insert into note values ('from the template')`)
    const placement = await tenant(ref, 'one')
    expect(placement).toMatchObject({
      ownerRole: 'fleet_owner',
      loginRole: placement.database,
      databaseId: expect.any(String),
    })
    const read = 'select text from note'
    expect(await inside(application(placement), read)).toEqual([{ text: 'from the template' }])
    expect(await inside(await provider.connect(placement), `set role fleet_owner; ${read}`)).toHaveLength(1)
  })

  test('the same mark twice is the same database, with the later password', async () => {
    const { template, tenant, application, inside, second } = fleet()
    const ref = await template()
    const first = await tenant(ref, 'one')
    await inside(application(first), `insert into note (text) values ('mine')`)
    const password = new Secret('another one')
    expect(await tenant(ref, 'one', { by: second, password })).toEqual(first)
    expect(await inside(application(first, { password }), 'select text from note')).toEqual([{ text: 'mine' }])
    await expect(inside(application(first), 'select 1')).rejects.toMatchObject({ code: 'AUTHENTICATION_FAILED' })
  })

  test('the same mark at the same time is the same database', async () => {
    const { provider, second, template, tenant, application, inside } = fleet()
    const ref = await template()
    const both = await Promise.all([provider, second, provider].map((by) => tenant(ref, 'one', { by })))
    expect(new Set(both.map((it) => it.databaseId)).size).toBe(1)
    const [one] = both
    expect(one && (await inside(application(one), 'select 1 as up'))).toEqual([{ up: 1 }])
  })

  test('eight tenants at once come from one template', async () => {
    const { provider, second, template, tenant, application, inside } = fleet()
    const ref = await template()
    const ids = Array.from({ length: 8 }, (_, index) => `tenant-${index}`)
    const placements = await Promise.all(ids.map((id, index) => tenant(ref, id, { by: index % 2 ? second : provider })))
    const answers = await Promise.all(
      placements.map((it) => inside(application(it), 'select current_database() as name, count(*)::int from note')),
    )
    expect(answers.flat()).toEqual(placements.map((it) => ({ name: it.database, count: 0 })))
  })

  test('where a tenant will be is known before it is made', async () => {
    const { provider, template, tenant, server, mark } = fleet()
    const planned = provider.plannedPlacement(server, mark('tenant', 'one'))
    expect(planned.databaseId).toBeNull()
    expect(await tenant(await template(), 'one')).toEqual({ ...planned, databaseId: expect.any(String) })
  })

  test('deleting ends the sessions, removes database and login role, and may be repeated', async () => {
    const { provider, template, tenant, application, mark, whatIsLeft } = fleet()
    const ref = await template()
    const placement = await tenant(ref, 'one')
    const client = await openClient(application(placement), { applicationName: 'an application' })
    const working = client.query('select pg_sleep(600)').catch((error: unknown) => error)
    await provider.deleteDatabase(placement, mark('tenant', 'one'))
    expect(await working).toMatchObject({ code: '57P01' })
    await closeClient(client)
    expect(await whatIsLeft()).toEqual([ref.database])
    await provider.deleteDatabase(placement, mark('tenant', 'one'))
  })

  test('a deleted tenant can be made again, from nothing', async () => {
    const { provider, template, tenant, application, inside, mark } = fleet()
    const ref = await template()
    const first = await tenant(ref, 'one')
    await inside(application(first), `insert into note (text) values ('old')`)
    await provider.deleteDatabase(first, mark('tenant', 'one'))
    const again = await tenant(ref, 'one')
    expect(again.databaseId).not.toBe(first.databaseId)
    expect(await inside(application(again), 'select * from note')).toEqual([])
    // What was recorded of the first one names a database that is no more.
    await expect(provider.deleteDatabase(first, mark('tenant', 'one'))).rejects.toMatchObject({
      code: 'DATABASE_FOREIGN',
    })
    expect(await inside(application(again), 'select * from note')).toEqual([])
  })

  test('a database without our mark is neither taken nor deleted', async () => {
    const { provider, template, tenant, mark, server, asSuperuser, whatIsLeft } = fleet()
    const ref = await template()
    const placement = provider.plannedPlacement(server, mark('tenant', 'one'))
    await asSuperuser(`create database ${quoteIdentifier(placement.database)}`)
    const foreign = { code: 'DATABASE_FOREIGN', message: expect.stringContaining(`"${placement.database}"`) }
    await expect(tenant(ref, 'one')).rejects.toMatchObject(foreign)
    await expect(provider.deleteDatabase(placement, mark('tenant', 'one'))).rejects.toMatchObject(foreign)
    expect(await whatIsLeft()).toEqual([ref.database, placement.database].sort())
  })

  test('a database of another catalog is neither taken nor deleted', async () => {
    const { provider, template, tenant, mark } = fleet()
    const ref = await template()
    const placement = await tenant(ref, 'one')
    const other = { ...mark('tenant', 'one'), catalogId: 'another' }
    await expect(provider.deleteDatabase(placement, other)).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    const spec = { server: ref.server, template: ref, extensions: [], mark: other, password: PASSWORD }
    await expect(provider.createDatabase(spec)).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
  })

  test('a role without our mark is neither taken nor dropped, and its database not either', async () => {
    const { provider, template, tenant, mark, server, asSuperuser, whatIsLeft } = fleet()
    const ref = await template()
    const { database } = provider.plannedPlacement(server, mark('tenant', 'one'))
    await asSuperuser(`create role ${quoteIdentifier(database)} login`)
    await expect(tenant(ref, 'one')).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    expect(await whatIsLeft()).toEqual([ref.database, `role ${database}`].sort())
  })

  test('the database for the catalog is made once, for the admin', async () => {
    const { provider, second, fleet: name, inside } = fleet()
    const [one, other] = await Promise.all([provider, second].map((it) => it.ensureCatalogDatabase(name)))
    expect(one).toEqual(other)
    expect(one && (await inside(one, 'create table t (); select 1 as up'))).toEqual([{ up: 1 }])
    expect(await provider.ensureCatalogDatabase(name)).toEqual(one)
  })

  test('databases are found by pattern, in order, without templates', async () => {
    const { provider, fleet: name, template, tenant, mark, server } = fleet()
    const ref = await template()
    const made = [await tenant(ref, 'two'), await tenant(ref, 'one')]
    const found = await collect(provider.findDatabases(`${name}\\_%`))
    expect(found).toEqual([
      {
        server,
        database: `${name}_one`,
        databaseId: made[1]?.databaseId,
        owner: 'fleet_owner',
        mark: mark('tenant', 'one'),
      },
      {
        server,
        database: `${name}_two`,
        databaseId: made[0]?.databaseId,
        owner: 'fleet_owner',
        mark: mark('tenant', 'two'),
      },
    ])
    expect(await collect(provider.findDatabases('no such thing'))).toEqual([])
    await expect(collect(provider.findDatabases('%\\'))).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('capabilities and a diagnosis are given, without a secret', async () => {
    const { provider, template } = fleet()
    await template()
    const { servers } = await provider.capabilities()
    expect(servers.map((it) => it.server)).toEqual(provider.servers)
    const found = await provider.diagnose()
    expect(found.filter((it) => it.verdict === 'error')).toEqual([])
    expect(JSON.stringify([servers, found])).not.toMatch(/SCRAM|postgres:\/\//)
  })

  test('a provider may be closed twice', async () => {
    const { provider } = fleet()
    await provider.capabilities()
    await provider.close()
    await provider.close()
  })
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
