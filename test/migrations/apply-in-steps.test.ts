import { type Kysely, sql } from 'kysely'
import { expect, test } from 'vitest'
import type { OldTransaction } from '../../src/migrations/run-concurrent-step.ts'
import { migration, setup, signal, TIMEOUTS } from './tenant-database.ts'

const STEPS = [
  'create table items (id int, name text)',
  'insert into items select n, n::text from generate_series(1, 100) n',
  'create index concurrently items_name on items (name) where id > 5',
  'alter table items add column price int',
  'drop index concurrently items_name',
  'create unique index concurrently items_id on items (id)',
  'vacuum items',
  `update items set price = coalesce(price, 0) + 1`,
]
/** A migration of these steps that calls `before` with the number of each. */
const stepwise = (steps: readonly string[], before: (n: number) => Promise<void> = async () => {}) =>
  migration(
    '0001_steps',
    async (db) => {
      for (const [n, text] of steps.entries()) {
        await before(n)
        await sql.raw(text).execute(db)
      }
      await before(steps.length)
    },
    { transaction: false },
  )
const applied = { kind: 'applied', history: ['0001_steps'], applied: ['0001_steps'] }
const state = `select json_build_array((select count(*) from items), (select sum(price) from items),
  (select json_agg(indexrelid::regclass::text || indisvalid order by 1) from pg_index where indrelid = 'items'::regclass),
  to_regclass('fleet_step'))::text`
const END = ['[100, 100, ["items_idtrue"], null]']

test('runs each step and removes its journal with the history row', async () => {
  const { apply, query } = await setup()
  expect(await apply([stepwise(STEPS)])).toEqual(applied)
  expect(await query(state)).toEqual(END)
})

test.each([...STEPS.keys(), STEPS.length])('goes on after the backend died before step %i', async (at) => {
  const { apply, query } = await setup()
  let pid = 0
  const killed = stepwise(STEPS, async (n) => {
    if (n === at) await query(`select pg_terminate_backend(${pid})`)
  })
  const onConnected = (backend: { pid: number }) => {
    pid ||= backend.pid
  }
  expect(await apply([killed], { onConnected })).toMatchObject({ kind: 'error' })
  expect(await apply([stepwise(STEPS)])).toEqual(applied)
  expect(await query(state)).toEqual(END)
})

test('goes on after every single step in turn', async () => {
  const { apply, query } = await setup()
  for (const at of STEPS.keys()) {
    const stops = stepwise(STEPS, async (n) => {
      if (n > at) throw new Error('stop')
    })
    expect(await apply([stops])).toMatchObject({ kind: 'failure', message: 'stop' })
  }
  expect(await apply([stepwise(STEPS)])).toEqual(applied)
  expect(await query(state)).toEqual(END)
})

test('knows a concurrent step that ended just before the crash, though nothing recorded it', async () => {
  const { apply, query } = await setup()
  for (const n of [2, 4, 5]) {
    const stops = stepwise(STEPS, async (next) => {
      if (next > n) throw new Error('stop')
    })
    await apply([stops])
    await query(`update fleet_step set hash = 'started ' || hash where n = ${n + 1} and hash not like 'started%'`)
  }
  expect(await apply([stepwise(STEPS)])).toEqual(applied)
  expect(await query(state)).toEqual(END)
})

test('drops an invalid index first, and keeps a valid one of the same definition', async () => {
  const { apply, query } = await setup()
  await query('create table items (id int); insert into items values (1), (1)')
  const step = stepwise(['create unique index concurrently "Items id" on items using btree (id desc) where id > 0'])
  expect(await apply([step])).toMatchObject({ kind: 'failure', phase: 'concurrent-step', sqlstate: '23505' })
  expect(await query(`select indisvalid from pg_index where indrelid = 'items'::regclass`)).toEqual([false])
  await query('delete from items')
  expect(await apply([step])).toEqual(applied)
  const before = await query(`select indexrelid::int8 from pg_index where indisvalid and indrelid = 'items'::regclass`)
  await query('delete from kysely_migration')
  expect(await apply([step])).toEqual(applied)
  expect(
    await query(`select indexrelid::int8 from pg_index where indisvalid and indrelid = 'items'::regclass`),
  ).toEqual(before)
})

test('does not take an index of another definition for its own', async () => {
  const { apply, query } = await setup()
  await query('create table items (id int, name text); create index mine on items (name)')
  const outcome = await apply([stepwise(['create index concurrently mine on items (id)'])])
  expect(outcome).toMatchObject({ kind: 'failure', phase: 'concurrent-step', sqlstate: '42P07' })
})

test('finds out by asking the server what cannot run in a transaction', async () => {
  const { apply, query } = await setup()
  await query(`create procedure p() language plpgsql as $$ begin create table by_p (); commit; end $$`)
  expect(await apply([stepwise(['cluster', 'call p()'])])).toEqual(applied)
  expect(await query(`select to_regclass('by_p')::text`)).toEqual(['by_p'])
})

test('bounds a concurrent step by its own timeout only, and reports what it waits for', async () => {
  const { apply, query, connect } = await setup()
  await query('create table items (id int)')
  const writer = await connect()
  await writer.query('begin; insert into items values (1)')
  const step = stepwise(['create index concurrently items_id on items (id)'])
  const outcome = await apply([step], { timeouts: { lock: 50, statement: 1_000, concurrent: 2_500 } })
  expect(outcome).toMatchObject({
    kind: 'failure',
    phase: 'concurrent-step',
    sqlstate: '57014',
    message: expect.stringContaining('2500 ms'),
  })
  await writer.query('rollback')
  expect(await apply([step], { timeouts: { ...TIMEOUTS, lock: 50, statement: 1_000 } })).toEqual(applied)
  expect(await query(`select indisvalid from pg_index where indrelid = 'items'::regclass`)).toEqual([true])
})

test('says nothing of transactions that are young', async () => {
  const { apply, connect, query } = await setup()
  await query('create table items (id int)')
  await (await connect()).query('begin; select 1')
  const reports: (readonly OldTransaction[])[] = []
  await apply([stepwise(['create index concurrently items_id on items (id)'])], {
    onWaitingFor: (it) => reports.push(it),
  })
  expect(reports).toEqual([])
})

test('keeps a transaction of the migration whole', async () => {
  const { apply, query } = await setup()
  let tries = 0
  const up = async (db: Kysely<unknown>) => {
    await sql`create table items (id int)`.execute(db)
    await db.transaction().execute(async (transaction) => {
      await sql`insert into items values (1)`.execute(transaction)
      if (++tries === 1) throw new Error('stop')
      await sql`insert into items values (2)`.execute(transaction)
    })
    if (tries === 2) throw new Error('stop again')
  }
  const steps = migration('0001_steps', up, { transaction: false })
  expect(await apply([steps])).toMatchObject({ message: 'stop' })
  expect(await apply([steps])).toMatchObject({ message: 'stop again' })
  expect(await apply([steps])).toEqual(applied)
  expect(await query('select id from items order by 1')).toEqual([1, 2])
})

test('never takes a transaction for done that was aborted by an error that nobody saw', async () => {
  const { apply, history } = await setup()
  const up = (db: Kysely<unknown>) =>
    db.transaction().execute(async (transaction) => {
      await sql`create table items (id int)`.execute(transaction)
      await sql`select * from missing`.execute(transaction).catch(() => {})
    })
  const outcome = await apply([migration('0001_steps', up, { transaction: false })])
  expect(outcome).toMatchObject({ kind: 'failure', message: expect.stringContaining('went on after an error') })
  expect(await history()).toEqual([])
})

test('refuses to go on when a step is not the one that was run before', async () => {
  const { apply } = await setup()
  const stops = stepwise(['create table a ()', 'select * from missing'])
  expect(await apply([stops])).toMatchObject({ kind: 'failure', sqlstate: '42P01' })
  const outcome = await apply([stepwise(['create table b ()'])])
  expect(outcome).toMatchObject({ kind: 'failure', message: expect.stringContaining('Step 1 is not the statement') })
})

test('holds the lock of the Migrator from the first step to the last', async () => {
  const { apply } = await setup()
  const [entered, leave] = [signal(), signal()]
  const slow = stepwise(STEPS, async (n) => {
    if (n !== 4) return
    entered.reach()
    await leave.reached
  })
  const one = apply([slow])
  await entered.reached
  expect(await apply([slow], { waitForOurs: 200 })).toMatchObject({ kind: 'busy', phase: 'lock' })
  leave.reach()
  expect(await one).toEqual(applied)
})

test('is followed by a migration in a transaction as before', async () => {
  const { apply, migrator } = await setup()
  const next = migration('0002_next', (db) => db.schema.createTable('next').execute())
  const steps = stepwise(STEPS)
  expect(await apply([steps, next])).toMatchObject({ kind: 'applied', applied: ['0001_steps', '0002_next'] })
  expect((await migrator([steps, next]).migrateToLatest()).error).toBeUndefined()
})

test('a function that writes is a step, though it is called by a select', async () => {
  const { apply, query } = await setup()
  await query('create table calls (n int)')
  await query(`create function bump() returns int language sql as 'insert into calls values (1) returning n'`)
  const steps = ['select bump()', 'select count(*) from calls', 'create table last ()']
  const stops = stepwise(steps, async (n) => {
    if (n === 2) throw new Error('stop')
  })
  expect(await apply([stops])).toMatchObject({ kind: 'failure' })
  expect(await apply([stepwise(steps)])).toEqual(applied)
  expect(await query('select count(*)::text from calls')).toEqual(['1'])
})

test('a procedure that was cut off in the middle is not called again: nobody knows what it has done', async () => {
  const { apply, query } = await setup()
  let pid = 0
  await query('create table calls (n int)')
  await query(`create procedure p() language plpgsql as $$ begin
    insert into calls values (1); commit; perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(5); end $$`)
  const onConnected = (backend: { pid: number }) => {
    pid ||= backend.pid
  }
  expect(await apply([stepwise(['call p()'])], { onConnected })).toMatchObject({ kind: 'error' })
  expect(pid).toBeGreaterThan(0)
  expect(await apply([stepwise(['call p()'])])).toMatchObject({
    kind: 'failure',
    message: expect.stringContaining('was begun by an earlier try'),
  })
  expect(await query('select count(*)::text from calls')).toEqual(['1'])
})

test('an index that the server would name is refused', async () => {
  const { apply } = await setup()
  expect(await apply([stepwise(['create table t (c int)', 'create index concurrently on t (c)'])])).toMatchObject({
    kind: 'failure',
    message: expect.stringContaining('Give the index a name'),
  })
})
