import { expect, test } from 'vitest'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { createEight, deleteUnderSession } from '../../conformance/common-acts.ts'
import { PASSWORD, type TestFleet } from '../../conformance/provider-setup.ts'
import type { ServerUnderTest } from './server-under-test.ts'

const DENIED = { code: '42501' }

/** Databases and roles of a server: names, owners and rights. */
export function serverRightsTests(fleet: () => TestFleet<ServerUnderTest>): void {
  test('a tenant is a database of its name that belongs to the owner role of all tenants', async () => {
    const { template, tenant, application, inside } = fleet()
    const placement = await tenant(await template(), 'one')
    expect(placement).toMatchObject({ ownerRole: 'fleet_owner', loginRole: placement.database })
    expect(placement).not.toHaveProperty('own')
    const answer = await inside(application(placement), 'select current_database() as name, count(*)::int from note')
    expect(answer).toEqual([{ name: placement.database, count: 0 }])
  })

  test('eight tenants at once come from one template', async () => {
    const { application, inside } = fleet()
    const placements = await createEight(fleet())
    const answers = await Promise.all(
      placements.map((it) => inside(application(it), 'select current_database() as name, count(*)::int from note')),
    )
    expect(answers.flat()).toEqual(placements.map((it) => ({ name: it.database, count: 0 })))
  })

  test('nothing that we make is open to PUBLIC', async () => {
    const { provider, fleet: name, template, tenant, underTest } = fleet()
    await tenant(await template(), 'one')
    await provider.ensureCatalogDatabase(name)
    const rights = await underTest.asSuperuser(
      `select count(*)::int as databases,
              bool_or(has_database_privilege('public', oid, 'connect') or has_database_privilege('public', oid, 'temporary')) as open
         from pg_database where starts_with(datname, $1)`,
      [`${name}_`],
    )
    expect(rights).toEqual([{ databases: 3, open: false }])
  })

  test('everything in a tenant belongs to the owner role, and migrations may take it', async () => {
    const { provider, template, tenant, inside, underTest } = fleet()
    const placement = await tenant(await template(), 'one')
    const admin = await provider.connect(placement)
    await inside(admin, 'set role fleet_owner; alter table note add column more int; create table another ()')
    const owners = await inside(admin, `select distinct tableowner from pg_tables where schemaname = 'public'`)
    expect(owners).toEqual([{ tableowner: 'fleet_owner' }])
    const [role] = await underTest.asSuperuser(
      `select rolcanlogin, rolsuper, rolinherit from pg_roles where rolname = 'fleet_owner'`,
    )
    expect(role).toMatchObject({ rolcanlogin: false, rolsuper: false })
    await expect(inside({ ...admin, user: 'fleet_owner' }, 'select 1')).rejects.toThrow()
  })

  test('a role may not be made a superuser by way of the owner role', async () => {
    const { provider, template, tenant, inside } = fleet()
    const placement = await tenant(await template(), 'one')
    const asOwner = inside(
      await provider.connect(placement),
      `set role fleet_owner; create role ${placement.database}x`,
    )
    await expect(asOwner).rejects.toMatchObject(DENIED)
  })

  test('deleting a tenant tells those who are connected that an administrator has ended it', async () => {
    const { template, tenant, whatIsLeft } = fleet()
    const model = await template()
    const placement = await tenant(model, 'one')
    expect(await deleteUnderSession(fleet(), { id: 'one', placement })).toMatchObject({ code: '57P01' })
    expect(await whatIsLeft()).toEqual(model.left)
  })

  test('what was recorded of a deleted tenant does not delete another database of its name', async () => {
    const { provider, template, tenant, application, inside, mark } = fleet()
    const model = await template()
    const first = await tenant(model, 'one')
    await provider.deleteDatabase(first, mark('tenant', 'one'))
    const again = await tenant(model, 'one')
    // What was recorded of the first one names a database that is no more.
    await expect(provider.deleteDatabase(first, mark('tenant', 'one'))).rejects.toMatchObject({
      code: 'DATABASE_FOREIGN',
    })
    expect(await inside(application(again), 'select * from note')).toEqual([])
  })

  test('a database of another catalog is not taken', async () => {
    const { provider, template, tenant, mark, server } = fleet()
    const model = await template()
    await tenant(model, 'one')
    const other = { ...mark('tenant', 'one'), catalogId: 'another' }
    const spec = { server, template: model.ref, extensions: [], mark: other, password: PASSWORD }
    await expect(provider.createDatabase(spec)).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
  })

  test('a role without our mark is neither taken nor dropped, and its database not either', async () => {
    const { provider, template, tenant, mark, server, underTest, whatIsLeft } = fleet()
    const model = await template()
    const { database } = provider.plannedPlacement(server, mark('tenant', 'one'))
    await underTest.asSuperuser(`create role ${quoteIdentifier(database)} login`)
    await expect(tenant(model, 'one')).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
    expect(await whatIsLeft()).toEqual([...model.left, `role ${database}`].sort())
  })
}
