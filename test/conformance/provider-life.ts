import { expect, test } from 'vitest'
import { Secret } from '../../src/model/secret.ts'
import type { Placement } from '../../src/model/tenant.ts'
import { createEight, deleteUnderSession } from './common-acts.ts'
import { PASSWORD, type TestFleet } from './provider-setup.ts'

/** Tenants from their creation to their deletion. */
export function lifeTests(fleet: () => TestFleet): void {
  test('a tenant is as its template, for its application and for the admin', async () => {
    const { provider, template, tenant, application, inside, asOwner } = fleet()
    const model = await template('k1', `create table note (text text); insert into note values ('from the template')`)
    const placement = await tenant(model, 'one')
    expect(placement).toMatchObject({ loginRole: placement.database, databaseId: expect.any(String) })
    const read = 'select text from note'
    expect(await inside(application(placement), read)).toEqual([{ text: 'from the template' }])
    expect(await asOwner(await provider.connect(placement), read)).toHaveLength(1)
  })

  test('the same mark twice is the same database, with the later password', async () => {
    const { template, tenant, application, inside, second } = fleet()
    const model = await template()
    const first = await tenant(model, 'one')
    await inside(application(first), `insert into note (text) values ('mine')`)
    const password = new Secret('another one')
    expect(unsealed(await tenant(model, 'one', { by: second, password }))).toEqual(unsealed(first))
    expect(await inside(application(first, { password }), 'select text from note')).toEqual([{ text: 'mine' }])
    await expect(inside(application(first), 'select 1')).rejects.toMatchObject({ code: 'AUTHENTICATION_FAILED' })
  })

  test('the same mark at the same time is the same database', async () => {
    const { provider, second, template, tenant, application, inside } = fleet()
    const model = await template()
    const both = await Promise.all([provider, second, provider].map((by) => tenant(model, 'one', { by })))
    expect(new Set(both.map((it) => it.databaseId)).size).toBe(1)
    const [one] = both
    expect(one && (await inside(application(one), 'select 1 as up'))).toEqual([{ up: 1 }])
  })

  test('eight tenants at once are eight databases', async () => {
    const { application, inside } = fleet()
    const placements = await createEight(fleet())
    const write = 'insert into note (text) values ($1)'
    await Promise.all(placements.map((it) => inside(application(it), write, [it.database])))
    const answers = await Promise.all(placements.map((it) => inside(application(it), 'select text from note')))
    expect(answers).toEqual(placements.map((it) => [{ text: it.database }]))
  })

  test('where a tenant will be is known before it is made', async () => {
    const { provider, template, tenant, server, mark } = fleet()
    const planned = provider.plannedPlacement(server, mark('tenant', 'one'))
    expect(planned.databaseId).toBeNull()
    const { own, ...made } = await tenant(await template(), 'one')
    expect(made).toEqual({ ...planned, databaseId: expect.any(String) })
  })

  test('deleting ends the sessions, removes database and login role, and may be repeated', async () => {
    const { provider, template, tenant, mark, whatIsLeft } = fleet()
    const model = await template()
    const placement = await tenant(model, 'one')
    expect(await deleteUnderSession(fleet(), { id: 'one', placement })).toBeInstanceOf(Error)
    expect(await whatIsLeft()).toEqual(model.left)
    await provider.deleteDatabase(placement, mark('tenant', 'one'))
  })

  test('a deleted tenant can be made again, from nothing, and what was recorded of the first deletes it not', async () => {
    const { provider, template, tenant, application, inside, mark } = fleet()
    const model = await template()
    const first = await tenant(model, 'one')
    await inside(application(first), `insert into note (text) values ('old')`)
    await provider.deleteDatabase(first, mark('tenant', 'one'))
    const again = await tenant(model, 'one')
    expect(again.databaseId).not.toBe(first.databaseId)
    expect(await inside(application(again), 'select * from note')).toEqual([])
    // Where ids alone lead to databases, that of the first leads nowhere, and gone is fine.
    const deletion = await provider.deleteDatabase(first, mark('tenant', 'one')).catch((error: unknown) => error)
    if (deletion !== undefined) expect(deletion).toMatchObject({ code: 'DATABASE_FOREIGN' })
    expect(await inside(application(again), 'select * from note')).toEqual([])
  })

  test('a database without our mark is neither taken nor deleted', async () => {
    const { provider, template, tenant, mark, server, underTest, whatIsLeft } = fleet()
    const model = await template()
    const placement = provider.plannedPlacement(server, mark('tenant', 'one'))
    const name = await underTest.occupy(placement, mark('tenant', 'one'))
    const foreign = { code: 'DATABASE_FOREIGN', message: expect.stringContaining(`"${name}"`) }
    await expect(tenant(model, 'one')).rejects.toMatchObject(foreign)
    await expect(provider.deleteDatabase(placement, mark('tenant', 'one'))).rejects.toMatchObject(foreign)
    expect(await whatIsLeft()).toEqual([...model.left, placement.database].sort())
  })

  test('what would not be deleted is refused before, and neither look changes anything', async () => {
    const { provider, template, tenant, mark, server, underTest, whatIsLeft } = fleet()
    const placement = await tenant(await template(), 'one')
    const theirs = provider.plannedPlacement(server, mark('tenant', 'two'))
    await underTest.occupy(theirs, mark('tenant', 'two'))
    const before = await whatIsLeft()
    const other = { ...mark('tenant', 'one'), catalogId: 'another' }
    await expect(provider.checkDeletable(placement, other)).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    await provider.checkDeletable(placement, mark('tenant', 'one'))
    expect(await whatIsLeft()).toEqual(before)
    await provider.deleteDatabase(placement, mark('tenant', 'one'))
    await provider.checkDeletable(placement, mark('tenant', 'one'))
  })

  test('a tenant does not get the login role of somebody else', async () => {
    const { provider, server, mark } = fleet()
    const planned = () => provider.plannedPlacement(server, { ...mark('tenant', 'owner'), fleet: 'fleet' })
    expect(planned).toThrow(expect.objectContaining({ code: 'TENANT_ID_INVALID' }))
  })

  test('a database of another catalog is not deleted', async () => {
    const { provider, template, tenant, application, inside, mark } = fleet()
    const placement = await tenant(await template(), 'one')
    const other = { ...mark('tenant', 'one'), catalogId: 'another' }
    await expect(provider.deleteDatabase(placement, other)).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    expect(await inside(application(placement), 'select 1 as up')).toEqual([{ up: 1 }])
  })

  test('the database for the catalog is made once, for the admin, or the catalog has to be elsewhere', async () => {
    const { provider, second, fleet: name, inside, underTest } = fleet()
    if (!underTest.traits.holdsCatalog) {
      await expect(provider.ensureCatalogDatabase(name)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('catalog.url'),
      })
      return
    }
    const [one, other] = await Promise.all([provider, second].map((it) => it.ensureCatalogDatabase(name)))
    expect(one).toEqual(other)
    expect(one && (await inside(one, 'create table t (); select 1 as up'))).toEqual([{ up: 1 }])
    expect(await provider.ensureCatalogDatabase(name)).toEqual(one)
  })

  test('databases are found by pattern, in order, without templates', async ({ skip }) => {
    const { provider, fleet: name, template, tenant, mark, server, underTest } = fleet()
    skip(!underTest.traits.findsDatabases, 'The provider finds no databases that it has not made.')
    const model = await template()
    const made = [await tenant(model, 'two'), await tenant(model, 'one')]
    const owner = made[0]?.ownerRole
    const found = await collect(provider.findDatabases(`${name}\\_%`))
    expect(found).toEqual([
      { server, database: `${name}_one`, databaseId: made[1]?.databaseId, owner, mark: mark('tenant', 'one') },
      { server, database: `${name}_two`, databaseId: made[0]?.databaseId, owner, mark: mark('tenant', 'two') },
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
    const text = JSON.stringify([servers, found])
    expect(text).not.toMatch(/SCRAM|postgres:\/\//)
    expect(text).not.toContain(PASSWORD.reveal())
  })

  test('a provider may be closed twice', async () => {
    const { provider } = fleet()
    await provider.capabilities()
    await provider.close()
    await provider.close()
  })
}

/** The same password is encrypted to another text each time. */
function unsealed({ own, ...placement }: Placement): object {
  return own === undefined ? placement : { ...placement, own: { ...own, sealed: undefined } }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
