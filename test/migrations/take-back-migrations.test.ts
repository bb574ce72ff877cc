import { expect, test } from 'vitest'
import type { Migration } from '../../src/migrations/migration.ts'
import { reverseMigration } from '../../src/migrations/reverse-migration.ts'
import { type TakeBackOptions, takeBackMigrations } from '../../src/migrations/take-back-migrations.ts'
import { MIGRATION_LOCK } from '../../src/postgres/advisory-lock.ts'
import { cuttingProxy } from './cutting-proxy.ts'
import { compiled, MADE, namesOf, run, setup, signal, TABLES, TIMEOUTS, table } from './tenant-database.ts'

const three = ['0001_a', '0002_b', '0003_c'].map(
  (name): Migration => ({ ...table(name), down: run(`drop table t_${name}`) }),
)
const NAMES = namesOf(three)

/** A database with three migrations; `takeBack` takes the last two of them back. */
async function setupThree(migrations: readonly Migration[] = three) {
  const test = await setup()
  expect(await test.apply(migrations)).toMatchObject({ kind: 'applied' })
  const downs = migrations.slice(1).flatMap((it) => reverseMigration(it) ?? [])
  const takeBack = async (options: Partial<TakeBackOptions> = {}) =>
    takeBackMigrations({
      connection: test.connection,
      applicationName: 'fleet/r1/tenant/1',
      expected: NAMES,
      migrations: await Promise.all(
        downs.toReversed().map(async (migration) => ({ migration, compiled: await compiled(migration) })),
      ),
      tables: TABLES,
      ownerRole: null,
      timeouts: TIMEOUTS,
      ...options,
    })
  return { ...test, takeBack }
}

const BACK = { kind: 'applied', history: ['0001_a'] }

test('takes migrations back with their history rows, and once more finds that it is done', async () => {
  const { takeBack, history, query, migrator } = await setupThree()
  expect(await takeBack()).toMatchObject(BACK)
  expect(await history()).toEqual(['0001_a'])
  expect(await query(MADE)).toEqual(['t_0001_a'])
  expect(await takeBack()).toMatchObject(BACK)
  // Kysely's own Migrator sees it as we do.
  const { results } = await migrator(three).migrateToLatest()
  expect(results?.map(({ migrationName }) => migrationName)).toEqual(['0002_b', '0003_c'])
})

test('takes nothing back when one of them fails, and names the statement', async () => {
  const { takeBack, history, query } = await setupThree()
  await query('create view v as select id from t_0002_b')
  expect(await takeBack()).toMatchObject({
    kind: 'failure',
    migration: '0002_b',
    sqlstate: '2BP01',
    message: expect.stringContaining('(statement 1, migrations/0002_b.ts: drop table t_0002_b)'),
  })
  expect(await history()).toEqual(NAMES)
  expect(await query(MADE)).toHaveLength(3)
})

test('refuses a history that is another one, and takes one whose rows lie in another order', async () => {
  const { takeBack, history, query } = await setupThree()
  await query(`insert into kysely_migration values ('0004_d', '2040-01-01T00:00:00.000Z')`)
  expect(await takeBack()).toMatchObject({
    kind: 'failure',
    phase: 'history',
    message: "The tenant's history moved (not expected in it: 0004_d).",
    history: [...NAMES, '0004_d'],
  })
  await query(`delete from kysely_migration where name = '0004_d'`)
  await query(`update kysely_migration set "timestamp" = "timestamp" where name = '0001_a'`)
  expect(await takeBack()).toMatchObject(BACK)
  expect(await history()).toEqual(['0001_a'])
})

test('refuses where a migration outside a transaction has stopped half-way', async () => {
  const { takeBack, history, query } = await setupThree()
  await query('create table fleet_step (migration text, n int, hash text)')
  expect(await takeBack()).toMatchObject({ kind: 'failure', message: expect.stringContaining('stopped half-way') })
  expect(await history()).toEqual(NAMES)
})

test('is busy while somebody else migrates', async () => {
  const { takeBack, connect, history } = await setupThree()
  const other = await connect('somebody')
  await other.query(`select pg_advisory_lock(${MIGRATION_LOCK})`)
  expect(await takeBack()).toMatchObject({ kind: 'busy', phase: 'lock' })
  expect(await history()).toEqual(NAMES)
})

test('two at once take it back once', async () => {
  const { takeBack, history, query } = await setupThree()
  const both = await Promise.all([takeBack(), takeBack({ applicationName: 'fleet/r1/tenant/2' })])
  for (const one of both) expect(one).toMatchObject(BACK)
  expect(await history()).toEqual(['0001_a'])
  expect(await query(MADE)).toEqual(['t_0001_a'])
})

test('cut off while the server commits, it waits for that and finds that it is done', async () => {
  const slow = { ...table('0003_c'), down: run('drop table t_0003_c; insert into slow values (1)') }
  const { takeBack, history, query, connect, connection } = await setupThree([...three.slice(0, 2), slow])
  await query(SLOW_COMMIT)
  const gate = await connect()
  await gate.query('select pg_advisory_lock(7)')
  const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted and objid = 7
    and database = (select oid from pg_database where datname = current_database())`
  const cut = signal()
  const through = await cuttingProxy(connection, {
    after: 'delete from',
    keepServerSide: true,
    passed: async () => {
      while ((await query(waiting)).length === 0);
      cut.reach()
    },
  })
  const outcome = takeBack({ connection: through })
  await cut.reached
  await gate.query('select pg_advisory_unlock(7)')
  expect(await outcome).toMatchObject(BACK)
  expect(await history()).toEqual(['0001_a'])
})

test('cut off before that, nothing is taken back, and it may be tried again', async () => {
  const { takeBack, history, connection, query, connect } = await setupThree()
  const holder = await connect()
  await holder.query('begin; lock table t_0003_c in access share mode')
  const through = await cuttingProxy(connection, {
    after: 'delete from',
    passed: async () => {
      while ((await query('select 1 from pg_locks where not granted and relation is not null')).length === 0);
    },
  })
  expect(await takeBack({ connection: through })).toMatchObject({ kind: expect.stringMatching(/^(error|busy)$/) })
  await holder.query('rollback')
  expect(await takeBack()).toMatchObject(BACK)
  expect(await history()).toEqual(['0001_a'])
})

/** COMMIT waits until the lock 7 is free. */
const SLOW_COMMIT = `create table slow (id int);
  create function wait() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(7); return null; end $$;
  create constraint trigger wait after insert on slow deferrable initially deferred for each row execute function wait()`
