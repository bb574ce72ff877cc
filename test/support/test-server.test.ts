import { expect, test } from 'vitest'
import { withClient } from '../../src/postgres/connect.ts'
import { admin, superuser, withTestDatabase } from './test-server.ts'

test('a test database is empty, and gone afterwards', async () => {
  const name = await withTestDatabase(async (database) => {
    const { rows } = await withClient(database.connection, { applicationName: 'fleet/test' }, (client) =>
      client.query(
        `select current_database() as name, (select count(*)::int from pg_class where relnamespace = 'public'::regnamespace) as tables`,
      ),
    )
    expect(rows).toEqual([{ name: database.name, tables: 0 }])
    return database.name
  })
  const { rows } = await withClient(superuser(), { applicationName: 'fleet/test' }, (client) =>
    client.query('select 1 from pg_database where datname = $1', [name]),
  )
  expect(rows).toEqual([])
})

test('the admin may create databases and roles, and is a superuser only when the run asks for it', async () => {
  const { rows } = await withClient(admin(), { applicationName: 'fleet/test' }, (client) =>
    client.query(
      `select rolcreatedb or rolsuper as databases, rolcreaterole or rolsuper as roles, rolsuper as super
       from pg_roles where rolname = current_user`,
    ),
  )
  expect(rows).toEqual([{ databases: true, roles: true, super: process.env.FLEET_TEST_ADMIN !== 'limited' }])
})
