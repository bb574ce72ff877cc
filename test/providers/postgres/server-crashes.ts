import { expect, test } from 'vitest'
import { formatMark } from '../../../src/model/mark.ts'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import type { TestFleet } from '../../conformance/provider-setup.ts'
import type { ServerUnderTest } from './server-under-test.ts'

/** What a process that died at each step leaves on a server, made by hand as superuser. */
export function serverCrashTests(fleet: () => TestFleet<ServerUnderTest>): void {
  const planned = () => {
    const { provider, server, mark } = fleet()
    return provider.plannedPlacement(server, mark('tenant', 'one'))
  }

  test('makes a database again whose deletion was interrupted', async () => {
    const { template, tenant, application, inside, underTest } = fleet()
    const model = await template()
    const first = await tenant(model, 'one')
    await underTest.asSuperuser('update pg_database set datconnlimit = -2 where oid = $1', [first.databaseId])
    const again = await tenant(model, 'one')
    expect(again.databaseId).not.toBe(first.databaseId)
    expect(await inside(application(again), 'select 1 as up')).toEqual([{ up: 1 }])
  })

  test('deletes a database whose deletion was interrupted, by where it was planned to be', async () => {
    const { provider, template, mark, underTest, whatIsLeft } = fleet()
    const model = await template()
    const { database } = planned()
    await underTest.leave(database, { comment: formatMark(mark('tenant', 'one')) })
    await underTest.asSuperuser('update pg_database set datconnlimit = -2 where datname = $1', [database])
    await provider.deleteDatabase(planned(), mark('tenant', 'one'))
    expect(await whatIsLeft()).toEqual(model.left)
  })

  test('makes a half-made template again from the start, whatever is in it', async () => {
    const { provider, fleet: name, template, mark, tenant, application, inside, underTest } = fleet()
    const database = `${name}__template_k1`
    const comment = formatMark(mark('template', 'k1'))
    for (const left of [{}, { comment, open: true }]) {
      await underTest.leave(database, left)
      const model = await template()
      expect(model.ref?.database).toBe(database)
      const placement = await tenant(model, 'one')
      expect(await inside(application(placement), 'select count(*)::int from note')).toEqual([{ count: 0 }])
      await provider.deleteDatabase(placement, mark('tenant', 'one'))
      if (model.ref !== null) await provider.deleteTemplate(model.ref, mark('template', 'k1'))
    }
  })

  test('makes no template where an open database without our mark stands', async () => {
    const { fleet: name, template, underTest } = fleet()
    await underTest.asSuperuser(`create database ${quoteIdentifier(`${name}__template_k1`)} owner fleet_owner`)
    await expect(template()).rejects.toMatchObject({ code: 'DATABASE_FOREIGN' })
  })

  test('goes on after its connections were ended', async () => {
    const { provider, template, tenant, underTest } = fleet()
    const model = await template()
    await underTest.asSuperuser(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1 and application_name = 'fleet/admin'
          and query like '%' || $2 || '%'`,
      [await underTest.adminName(planned()), model.ref?.database],
    )
    expect(await tenant(model, 'one')).toMatchObject({ database: planned().database })
    await provider.capabilities()
  })

  test('a login role alone is found by its mark, and removed', async () => {
    const { provider, template, tenant, mark, underTest, whatIsLeft } = fleet()
    const model = await template()
    const { database } = await tenant(model, 'two')
    await underTest.asSuperuser(`drop database ${quoteIdentifier(database)}`)
    const pages = await Array.fromAsync(provider.findMarked(mark('tenant', 'any')))
    const role = pages.flat().find((it) => it.mark.key === 'two')
    if (role === undefined) throw new Error('Nothing carries the mark of two.')
    expect(role).toMatchObject({ name: database, databaseId: null })
    expect(await provider.removeMarked(role, async () => true)).toBe(true)
    expect(await whatIsLeft()).toEqual(model.left)
  })
}
