import { beforeEach, describe, expect, test } from 'vitest'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { dataPlaneForTest, inDatabase, openSession } from './data-plane-for-test.ts'
import { needsEmulator } from './test-emulator.ts'

/** All that stands on the server and begins with the prefix. */
async function namesLike(prefix: string): Promise<readonly string[]> {
  const { rows } = await inDatabase('postgres', (it) =>
    it.query<{ name: string }>(
      `select name from (select datname from pg_database union all select rolname from pg_roles
         union all select slot_name from pg_replication_slots
         union all select 'session in ' || datname from pg_stat_activity) it(name)
       where strpos(name, $1) > 0 order by name`,
      [prefix],
    ),
  )
  return rows.map((row) => row.name)
}

describe('a role of the API', () => {
  beforeEach(needsEmulator)

  test('may log in and make databases and roles, and is no superuser', async () => {
    const { role, prefix } = await dataPlaneForTest()
    const { rows } = await inDatabase('postgres', (it) =>
      it.query(
        `select rolcanlogin, rolinherit, rolcreatedb, rolcreaterole, rolsuper,
           pg_has_role(oid, $2::name, 'usage') as "isInGroup" from pg_roles where rolname = $1`,
        [role, `${prefix}_neon_superuser`],
      ),
    )
    expect(rows).toEqual([
      { rolcanlogin: true, rolinherit: true, rolcreatedb: true, rolcreaterole: true, rolsuper: false, isInGroup: true },
    ])
  })

  test('owns its database, public schema included', async () => {
    const { open } = await dataPlaneForTest()
    const client = await openSession(await open())
    await client.query('create schema s; create table public.t (); drop schema public cascade')
  })

  test('is dropped with the roles that it made by SQL and what those granted', async () => {
    const { plane, open, role, prefix, database } = await dataPlaneForTest()
    const client = await openSession(await open())
    const [maker, made] = [`${prefix}_maker`, `${prefix}_made`]
    await client.query(
      `create role ${quoteIdentifier(maker)} createrole;
       grant ${quoteIdentifier(maker)} to ${quoteIdentifier(role)}; set role ${quoteIdentifier(maker)};
       create role ${quoteIdentifier(made)} login password 'x'; reset role;
       grant connect on database ${quoteIdentifier(database)} to ${quoteIdentifier(made)}`,
    )
    await plane.dropDatabase(database)
    await plane.dropRole(role)
    expect(await namesLike(`${prefix}_m`)).toEqual([])
    expect(await namesLike(role)).toEqual([])
    await plane.dropRole(role)
  })
})

describe('a name', () => {
  beforeEach(needsEmulator)

  test('that the server would cut off is refused', async () => {
    const { plane, role, database } = await dataPlaneForTest()
    const long = 'ü'.repeat(32)
    const tries = [
      () => plane.createRole(long, 'x'),
      () => plane.createDatabase(long, role),
      () => plane.freeze(database, long),
    ]
    for (const attempt of tries) await expect((async () => attempt())()).rejects.toThrow(RangeError)
  })
})

describe('after close', () => {
  beforeEach(needsEmulator)

  test('nothing is left: no role, database, slot or session, whoever made them', async () => {
    const { plane, open, prefix, role, database } = await dataPlaneForTest()
    const client = await openSession(await open())
    const [app, own] = [`${prefix}_app`, `${prefix}_own`].map((it) => quoteIdentifier(it))
    await client.query(`create role ${app} login password 'x'; create table t (); grant select on t to ${app}`)
    await client.query(`create database ${own}`)
    await plane.freeze(database, `${prefix}__mark`)
    await plane.thaw(`${prefix}__mark`, `${prefix}__again`)
    await plane.createRole(`${prefix}__second`, 'x')
    // Its tables are in the way, until its databases are gone.
    await plane.dropRole(role)
    const idle = await openSession(await open())
    idle.query('select pg_sleep(600)').catch(() => {})
    expect(await namesLike(prefix)).toEqual(expect.arrayContaining([role, database, `${prefix}_app`, `${prefix}_own`]))
    await plane.close()
    expect(await namesLike(prefix)).toEqual([])
    await plane.close()
  })
})
