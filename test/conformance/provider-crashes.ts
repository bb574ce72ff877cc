import { expect, test } from 'vitest'
import { formatMark } from '../../src/model/mark.ts'
import { quoteIdentifier, quoteLiteral } from '../../src/postgres/identifiers.ts'
import type { TestFleet } from './provider-setup.ts'

/** What a process that died at each step leaves behind, made by hand as superuser. */
export function crashTests(fleet: () => TestFleet): void {
  const leave = async (name: string, { template = 'template0', comment, open = false }: Left) => {
    const { asSuperuser } = fleet()
    const database = quoteIdentifier(name)
    await asSuperuser(
      `create database ${database} template ${quoteIdentifier(template)} owner fleet_owner allow_connections false`,
    )
    if (comment !== undefined) await asSuperuser(`comment on database ${database} is ${quoteLiteral(comment)}`)
    if (open) await asSuperuser(`alter database ${database} allow_connections true`)
  }
  const planned = () => {
    const { provider, server, mark } = fleet()
    return provider.plannedPlacement(server, mark('tenant', 'one'))
  }
  const tenantMark = () => formatMark(fleet().mark('tenant', 'one'))

  test('goes on with a copy that nobody had marked yet', async () => {
    const { template, tenant, application, inside } = fleet()
    const ref = await template()
    await leave(planned().database, { template: ref.database })
    expect(await inside(application(await tenant(ref, 'one')), 'select count(*)::int from note')).toEqual([
      { count: 0 },
    ])
  })

  test('goes on with a copy that was marked and not opened, and with its role', async () => {
    const { template, tenant, application, inside, asSuperuser } = fleet()
    const ref = await template()
    const { database } = planned()
    await leave(database, { template: ref.database, comment: tenantMark() })
    const role = quoteIdentifier(database)
    await asSuperuser(`create role ${role} login; comment on role ${role} is ${quoteLiteral(tenantMark())}`)
    await asSuperuser(`grant ${role} to ${quoteIdentifier((await adminName()) ?? '')} with admin option`)
    expect(await inside(application(await tenant(ref, 'one')), 'select count(*)::int from note')).toEqual([
      { count: 0 },
    ])
  })

  test('makes a database again whose deletion was interrupted', async () => {
    const { template, tenant, application, inside, asSuperuser } = fleet()
    const ref = await template()
    const first = await tenant(ref, 'one')
    await asSuperuser('update pg_database set datconnlimit = -2 where oid = $1', [first.databaseId])
    const again = await tenant(ref, 'one')
    expect(again.databaseId).not.toBe(first.databaseId)
    expect(await inside(application(again), 'select 1 as up')).toEqual([{ up: 1 }])
  })

  test('deletes what a creation left at any point, by where it was planned to be', async () => {
    const { provider, template, mark, asSuperuser, whatIsLeft } = fleet()
    const ref = await template()
    const { database } = planned()
    const lefts: Left[] = [
      { template: ref.database },
      { template: ref.database, comment: tenantMark() },
      { template: ref.database, comment: tenantMark(), open: true },
    ]
    for (const left of lefts) {
      await leave(database, left)
      await provider.deleteDatabase(planned(), mark('tenant', 'one'))
      expect(await whatIsLeft()).toEqual([ref.database])
    }
    await leave(database, { comment: tenantMark() })
    await asSuperuser('update pg_database set datconnlimit = -2 where datname = $1', [database])
    await provider.deleteDatabase(planned(), mark('tenant', 'one'))
    expect(await whatIsLeft()).toEqual([ref.database])
  })

  test('finishes a deletion that had dropped the database and not the role', async () => {
    const { provider, template, tenant, mark, asSuperuser, whatIsLeft } = fleet()
    const ref = await template()
    const placement = await tenant(ref, 'one')
    await asSuperuser(`drop database ${quoteIdentifier(placement.database)}`)
    await provider.deleteDatabase(placement, mark('tenant', 'one'))
    expect(await whatIsLeft()).toEqual([ref.database])
  })

  test('makes a half-made template again from the start, whatever is in it', async () => {
    const { provider, fleet: name, template, mark, tenant, application, inside } = fleet()
    const database = `${name}__template_k1`
    const comment = formatMark(mark('template', 'k1'))
    for (const left of [{}, { comment, open: true }]) {
      await leave(database, left)
      const ref = await template()
      expect(ref.database).toBe(database)
      const placement = await tenant(ref, 'one')
      expect(await inside(application(placement), 'select count(*)::int from note')).toEqual([{ count: 0 }])
      await provider.deleteDatabase(placement, mark('tenant', 'one'))
      await provider.deleteTemplate(ref, mark('template', 'k1'))
    }
  })

  test('makes no template where an open database without our mark stands', async () => {
    const { fleet: name, template, asSuperuser } = fleet()
    await asSuperuser(`create database ${quoteIdentifier(`${name}__template_k1`)} owner fleet_owner`)
    await expect(template()).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
  })

  test('goes on after its connections were ended', async () => {
    const { provider, template, tenant, asSuperuser } = fleet()
    const ref = await template()
    const admin = await adminName()
    await asSuperuser(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1 and application_name = 'fleet/admin'
          and query like '%' || $2 || '%'`,
      [admin, ref.database],
    )
    expect(await tenant(ref, 'one')).toMatchObject({ database: planned().database })
    await provider.capabilities()
  })

  async function adminName(): Promise<string | undefined> {
    const { provider } = fleet()
    return (await provider.connect(planned())).user
  }
}

interface Left {
  readonly template?: string
  readonly comment?: string
  readonly open?: boolean
}
