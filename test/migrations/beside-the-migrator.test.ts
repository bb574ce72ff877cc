import { describe, expect, test } from 'vitest'
import {
  applied,
  first,
  MADE,
  migration,
  namesOf,
  second,
  setup,
  signal,
  table,
  third,
  three,
} from './tenant-database.ts'

describe('beside the Migrator of Kysely', () => {
  test('each understands what the other did, in turn', async () => {
    const { apply, migrator, history } = await setup()
    const all = [...three, table('0004_d')]
    const names = namesOf(all)
    expect(await apply([first])).toEqual(applied('0001_a'))
    expect((await migrator(all.slice(0, 2)).migrateToLatest()).results).toMatchObject([
      { migrationName: '0002_b', status: 'Success' },
    ])
    expect(await apply([third], { expected: names.slice(0, 2) })).toMatchObject({
      kind: 'applied',
      applied: ['0003_c'],
    })
    const { error, results } = await migrator(all).migrateToLatest()
    expect(error).toBeUndefined()
    expect(results).toMatchObject([{ migrationName: '0004_d', status: 'Success' }])
    expect(await history()).toEqual(names)
    expect(await apply(all)).toEqual({ kind: 'applied', history: names, applied: [] })
  })

  test('makes its tables exactly as the Migrator does', async () => {
    const columns = `select json_build_array(table_name, column_name, data_type, character_maximum_length, is_nullable, column_default)::text
      from information_schema.columns where table_schema = 'public' and table_name like 'kysely%' order by 1`
    const keys = `select pg_get_constraintdef(oid) || conname from pg_constraint where conrelid::regclass::text like 'kysely%' order by 1`
    const [ours, theirs] = [await setup(), await setup()]
    await ours.apply([migration('0001_a', async () => {})])
    await theirs.migrator([migration('0001_a', async () => {})]).migrateToLatest()
    for (const text of [columns, keys, 'select id || is_locked from kysely_migration_lock']) {
      expect(await ours.query(text)).toEqual(await theirs.query(text))
    }
  })

  test('writes a timestamp later than any in the history, whatever the clock says', async () => {
    const { apply, migrator, query } = await setup()
    await migrator([first]).migrateToLatest()
    await query(`update kysely_migration set "timestamp" = '2999-01-01T00:00:00.999Z'`)
    expect(await apply([second, third], { expected: ['0001_a'] })).toMatchObject({ kind: 'applied' })
    expect(await query('select "timestamp" from kysely_migration order by name')).toEqual([
      '2999-01-01T00:00:00.999Z',
      '2999-01-01T00:00:01.000Z',
      '2999-01-01T00:00:01.001Z',
    ])
    expect((await migrator(three).migrateToLatest()).error).toBeUndefined()
  })

  test('understands rows with equal timestamps in any physical order', async () => {
    const { apply, migrator, query } = await setup()
    await migrator(three).migrateToLatest()
    await query(`create table copy as select name, '2024-01-01T00:00:00.000Z' as stamp from kysely_migration order by name desc;
      delete from kysely_migration; insert into kysely_migration select * from copy`)
    const fourth = table('0004_d')
    expect(await apply([...three, fourth])).toMatchObject({ kind: 'applied', history: [...namesOf(three), '0004_d'] })
    expect((await migrator([...three, fourth]).migrateToLatest()).error).toBeUndefined()
  })

  test('refuses a timestamp that neither could read, before anything runs', async () => {
    const { apply, query } = await setup()
    await apply([first])
    await query(`update kysely_migration set "timestamp" = 'garbage'`)
    expect(await apply([second], { expected: ['0001_a'] })).toMatchObject({ kind: 'failure', phase: 'history' })
  })

  test('is busy while the Migrator holds the lock, and names it', async () => {
    const { apply, migrator, query } = await setup()
    const [entered, leave] = [signal(), signal()]
    const slow = migration('0001_a', async (db) => {
      await table('0001_a').up(db)
      entered.reach()
      await leave.reached
    })
    const theirs = migrator([slow]).migrateToLatest()
    await entered.reached
    expect(await apply(three)).toMatchObject({ kind: 'busy', phase: 'lock', sqlstate: 'KF002', migration: '0001_a' })
    leave.reach()
    expect((await theirs).error).toBeUndefined()
    expect(await query(MADE)).toEqual(['t_0001_a'])
  })

  test('makes the Migrator wait for our frame', async () => {
    const { apply, migrator, connect, query } = await setup()
    const [entered, leave] = [signal(), signal()]
    const slow = migration('0001_a', async (db) => {
      await table('0001_a').up(db)
      entered.reach()
      await leave.reached
    })
    // The tables must stand: the Migrator would else wait in CREATE TABLE, not for the lock.
    await apply([])
    await migrator([migration('0000', async () => {})]).migrateToLatest()
    await query('delete from kysely_migration')
    const ours = apply([slow])
    await entered.reached
    const theirs = migrator(three).migrateToLatest()
    const watcher = await connect()
    const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`
    while ((await watcher.query(waiting)).rows.length === 0);
    leave.reach()
    expect(await ours).toEqual(applied('0001_a'))
    expect(namesOf(((await theirs).results ?? []).map(({ migrationName: name }) => ({ name })))).toEqual([
      '0002_b',
      '0003_c',
    ])
  })
})
