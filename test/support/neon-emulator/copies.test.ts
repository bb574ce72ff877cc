import { beforeEach, describe, expect, test } from 'vitest'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { uniqueName } from '../test-server.ts'
import { DatabaseBusy } from './data-plane.ts'
import { dataPlaneForTest, errorOf, inDatabase, openSession, readValue } from './data-plane-for-test.ts'
import { needsEmulator } from './test-emulator.ts'

const COUNT = 'select count(*)::int from t'

/** A database with a table of ten rows, on a data plane. */
async function setup() {
  const test = await dataPlaneForTest()
  const proxy = await test.open()
  const client = await openSession(proxy)
  await client.query('create table t (n int primary key, v text); insert into t select generate_series(1, 10)')
  return { ...test, proxy, client, mark: `${test.prefix}__mark`, again: `${test.prefix}__again` }
}

describe('a copy', () => {
  beforeEach(needsEmulator)

  test('has the rows as of the freeze, however often it is thawed, and nobody can connect to it', async () => {
    const { plane, proxy, database, mark, again } = await setup()
    await plane.freeze(database, mark)
    await (await openSession(proxy)).query('delete from t where n > 3')
    await plane.thaw(mark, again)
    expect(await inDatabase(again, (it) => readValue(it, `with d as (delete from t) ${COUNT}`))).toBe(10)
    await plane.thaw(mark, `${again}2`)
    expect(await inDatabase(`${again}2`, (it) => readValue(it, COUNT))).toBe(10)
    await expect(inDatabase(mark, (it) => readValue(it, COUNT))).rejects.toThrow(/not currently accepting/)
    expect(await inDatabase(database, (it) => readValue(it, COUNT))).toBe(3)
  })

  test('belongs to whom its model belongs, with its rights and settings', async () => {
    const { plane, role, database, mark, again } = await setup()
    await inDatabase(database, (it) =>
      it.query(`revoke all on database ${quoteIdentifier(database)} from public;
        alter database ${quoteIdentifier(database)} set work_mem = '5MB';
        alter role ${quoteIdentifier(role)} in database ${quoteIdentifier(database)} set search_path = a, b`),
    )
    await plane.freeze(database, mark)
    await plane.thaw(mark, again)
    const read = (name: string) =>
      inDatabase(again, (it) =>
        it.query(
          `select pg_get_userbyid(datdba) as owner, datacl::text as acl,
             (select json_agg(setconfig order by setrole) from pg_db_role_setting where setdatabase = d.oid) as settings
           from pg_database d where datname = $1`,
          [name],
        ),
      )
    const { rows } = await read(database)
    expect(rows[0]).toMatchObject({ owner: role, settings: [['work_mem=5MB'], ['search_path=a, b']] })
    expect((await read(again)).rows).toEqual(rows)
  })

  test('ends idle sessions with 57P01', async () => {
    const { plane, client, database, mark } = await setup()
    const lost = errorOf(client)
    await plane.freeze(database, mark)
    expect(await lost).toMatchObject({ code: '57P01' })
  })

  test('waits for who is busy, and has what was committed', async () => {
    const { plane, client, database, mark, again } = await setup()
    await client.query('begin; insert into t values (11)')
    const frozen = plane.freeze(database, mark)
    await client.query('commit')
    await frozen
    await plane.thaw(mark, again)
    expect(await inDatabase(again, (it) => readValue(it, COUNT))).toBe(11)
  })

  test('is given up when somebody stays busy, who is not disturbed', async () => {
    const { plane, client, database, mark } = await setup()
    await client.query('begin; insert into t values (11)')
    await expect(plane.freeze(database, mark)).rejects.toBeInstanceOf(DatabaseBusy)
    await client.query('commit')
    await plane.freeze(database, mark)
  })

  test('of a database that writers use all the time lies between their transactions', async () => {
    const { plane, proxy, database, mark, again } = await setup()
    let isOver = false
    const writing = (async () => {
      for (let n = 100; !isOver; n += 1) {
        const writer = await openSession(proxy)
        await writer.query(`begin; insert into t values (${n}); insert into t values (-${n}); commit`).catch(() => {})
        await writer.end().catch(() => {})
      }
    })()
    const lsn = await plane.freeze(database, mark)
    await expect.poll(() => plane.isWrittenSince(database, lsn)).toBe(true)
    isOver = true
    await writing
    await plane.thaw(mark, again)
    expect(await inDatabase(again, (it) => readValue(it, 'select sum(n)::int from t'))).toBe(55)
  })

  test('into a name that is taken fails, and leaves who has it alone', async () => {
    const { plane, database, mark, again } = await setup()
    await plane.freeze(database, mark)
    const name = `${again}_foreign`
    await inDatabase('postgres', (it) => it.query(`create database ${quoteIdentifier(name)}`))
    try {
      await expect(plane.thaw(mark, name)).rejects.toMatchObject({ code: '42P04' })
      await expect(plane.freeze(database, name)).rejects.toMatchObject({ code: '42P04' })
      await plane.close()
      expect(await inDatabase(name, (it) => readValue(it, 'select 1'))).toBe(1)
    } finally {
      await inDatabase('postgres', (it) => it.query(`drop database ${quoteIdentifier(name)} with (force)`))
    }
  })

  test('of a database that is not there fails with its name', async () => {
    const { plane, mark } = await setup()
    const name = uniqueName('missing')
    await expect(plane.freeze(name, mark)).rejects.toThrow(name)
    await expect(plane.isWrittenSince(name, await plane.currentLsn())).rejects.toThrow(name)
  })

  test('can be dropped, twice, with sessions in it', async () => {
    const { plane, client, database } = await setup()
    expect(await plane.databaseSize(database)).toBeGreaterThan(1_000_000)
    const lost = errorOf(client)
    await plane.dropDatabase(database)
    expect(await lost).toMatchObject({ code: '57P01' })
    await plane.dropDatabase(database)
  })
})

describe('what was written since', () => {
  beforeEach(needsEmulator)

  test('is nothing after a freeze and a thaw', async () => {
    const { plane, database, mark, again } = await setup()
    const lsn = await plane.freeze(database, mark)
    expect(await plane.isWrittenSince(database, lsn)).toBe(false)
    await plane.thaw(mark, again)
    for (const name of [database, mark, again]) expect(await plane.isWrittenSince(name, lsn)).toBe(false)
  })

  test.each([
    'select * from t',
    'begin; set transaction read only; select count(*) from t; commit',
    'vacuum (freeze, analyze) t',
    'analyze',
    'checkpoint',
    'select pg_advisory_lock(1)',
    'begin; select txid_current(); select * from t; commit',
  ])('does not count %s', async (statement) => {
    const { plane, database } = await setup()
    await inDatabase(database, async (it) => {
      // Rows whose hint bits are not set, dead rows for pruning, and an end of the table that vacuum can cut off.
      await it.query('update t set n = n + 100; insert into t select generate_series(1000, 9000)')
      await it.query('delete from t where n > 500')
      const lsn = await plane.currentLsn()
      for (const part of statement.startsWith('begin') ? [statement] : statement.split(';')) await it.query(part)
      expect(await plane.isWrittenSince(database, lsn)).toBe(false)
    })
  })

  test('does not count other databases, nor what is the server’s', async () => {
    const { plane, prefix, database, mark, again } = await setup()
    await plane.freeze(database, mark)
    await plane.thaw(mark, again)
    const lsn = await plane.currentLsn()
    await inDatabase(again, (it) => it.query('update t set n = n + 100; create table u (n int)'))
    await plane.createRole(`${prefix}__other`, 'x')
    await plane.createDatabase(`${prefix}__other`, `${prefix}__other`)
    expect(await plane.isWrittenSince(database, lsn)).toBe(false)
    expect(await plane.isWrittenSince(again, lsn)).toBe(true)
  })

  test.each([
    'insert into t values (1000)',
    'update t set v = 1 where n = 1',
    'delete from t where n = 1',
    'truncate t',
    'alter table t add column c int',
    'create table u ()',
    'drop table t',
    "comment on table t is 'c'",
    'grant select on t to public',
    'create sequence s',
    'set synchronous_commit = off; insert into t values (1000)',
    'select lo_create(0)',
  ])('counts %s', async (statement) => {
    const { plane, database } = await setup()
    const lsn = await plane.currentLsn()
    await inDatabase(database, (it) => it.query(statement))
    expect(await plane.isWrittenSince(database, lsn)).toBe(true)
    expect(await plane.isWrittenSince(database, await plane.currentLsn())).toBe(false)
  })

  test.each(['insert into t values (1000)', 'savepoint a; insert into t values (1000); release a'])(
    'counts what was written before and committed after: %s',
    async (statement) => {
      const { plane, client, database } = await setup()
      await client.query('begin')
      await client.query(statement)
      const lsn = await plane.currentLsn()
      expect(await plane.isWrittenSince(database, lsn)).toBe(false)
      await client.query('commit')
      expect(await plane.isWrittenSince(database, lsn)).toBe(true)
    },
  )

  test('is known after checkpoints and new segments of the log', async () => {
    const { plane, database } = await setup()
    const lsn = await plane.currentLsn()
    await inDatabase('postgres', (it) => it.query('select pg_switch_wal()'))
    await inDatabase('postgres', (it) => it.query('checkpoint'))
    expect(await plane.isWrittenSince(database, lsn)).toBe(false)
  })

  test('is taken for something where the log is gone', async () => {
    const { plane, database } = await setup()
    expect(await plane.isWrittenSince(database, '0/1000028')).toBe(true)
  })
})
