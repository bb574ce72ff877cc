import { expect, test } from 'vitest'
import { FIRST, ids, SECOND, setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'

test('check says no while a tenant lacks the migration, by the tenants themselves', async () => {
  const { fleet, create, inTenant, root, env } = await setupFleet()
  await create(ids(3))
  expect(await fleet.check({ atLeast: SECOND })).toMatchObject({ ok: true, behind: 0, tenants: 3, verified: 3 })
  // Behind the fleet's back: the catalog does not know.
  await inTenant('t002', (client) => client.query(`delete from kysely_migration where name = $1`, [SECOND]))
  expect(await fleet.check({ atLeast: SECOND, verify: 0 })).toMatchObject({ ok: true, verified: 0 })
  const no = await runFleet(['check', '--at-least', SECOND], { root, env })
  expect(no.code, no.output).toBe(5)
  expect(no.output).toContain('t002')
  expect(await fleet.check({ atLeast: FIRST, verify: 'all' })).toMatchObject({ ok: true, corrected: [] })
  expect(await fleet.tenants.show('t002')).toMatchObject({ version: FIRST, pending: [SECOND] })
  await expect(fleet.check({ atLeast: '0009_none' })).rejects.toMatchObject({ code: 'MIGRATION_UNKNOWN' })
})

test('a tenant that cannot be read makes the answer no', async () => {
  const { fleet, create, inCatalog, name } = await setupFleet()
  await create(ids(2))
  await inCatalog((client) => client.query(`alter database "${name}_t002" allow_connections false`))
  expect(await fleet.check({ atLeast: SECOND })).toMatchObject({ ok: false, behind: 0, unreachable: ['t002'] })
})

test('refresh reads the tenants and corrects the catalog', async () => {
  const { fleet, create, inTenant } = await setupFleet()
  await create(ids(3))
  await inTenant('t001', (client) => client.query(`delete from kysely_migration where name = $1`, [SECOND]))
  expect(await fleet.tenants.refresh(['t002'])).toEqual({ read: 1, corrected: [], unreachable: [] })
  expect(await fleet.tenants.refresh()).toEqual({ read: 3, corrected: ['t001'], unreachable: [] })
  expect((await fleet.status()).versions).toMatchObject([
    { version: SECOND, tenants: 2, behind: 0 },
    { version: FIRST, tenants: 1, behind: 1 },
  ])
  await expect(fleet.tenants.refresh(['t009'])).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
})
