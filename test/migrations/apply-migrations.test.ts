import { type Kysely, sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Secret } from '../../src/model/secret.ts'
import { MIGRATION_LOCK } from '../../src/postgres/advisory-lock.ts'
import {
  applied,
  first,
  MADE,
  migration,
  namesOf,
  run,
  second,
  setup,
  signal,
  TIMEOUTS,
  third,
  three,
  WAYS,
} from './tenant-database.ts'

describe.each(WAYS)('going forward, %s,', (way) => {
  test('applies what is pending to a fresh database, one row each', async () => {
    const { apply, history, query } = await setup(way)
    const seen: string[] = []
    expect(await apply(three, { onApplied: (name) => seen.push(name) })).toEqual(applied(...namesOf(three)))
    expect(seen).toEqual(namesOf(three))
    expect(await history()).toEqual(namesOf(three))
    expect(await query(MADE)).toEqual(['t_0001_a', 't_0002_b', 't_0003_c'])
  })

  test('does nothing twice', async () => {
    const { apply } = await setup(way)
    await apply(three)
    expect(await apply(three)).toEqual({ kind: 'applied', history: namesOf(three), applied: [] })
  })

  test('goes on where the history really is', async () => {
    const { apply } = await setup(way)
    await apply([first, second])
    expect(await apply(three)).toEqual({ kind: 'applied', history: namesOf(three), applied: ['0003_c'] })
  })

  test('applies one that sorts before those that are there', async () => {
    const { apply, history } = await setup(way)
    await apply([first, third])
    const outcome = await apply([second], { expected: namesOf([first, third]) })
    expect(outcome).toMatchObject({ kind: 'applied', applied: ['0002_b'] })
    expect(await history()).toEqual(['0001_a', '0003_c', '0002_b'])
  })

  test('reads the history when nothing is pending', async () => {
    const { apply } = await setup(way)
    await apply([first])
    expect(await apply([], { expected: ['0001_a'] })).toEqual({ kind: 'applied', history: ['0001_a'], applied: [] })
    expect(await apply([], { expected: [] })).toMatchObject({ kind: 'failure', phase: 'history', history: ['0001_a'] })
  })

  test('fails when the history moved, and says how', async () => {
    const { apply, query } = await setup(way)
    await apply([first])
    await query(`insert into kysely_migration values ('0001_x', '2020-01-01T00:00:00.000Z')`)
    expect(await apply([second], { expected: ['0000_z', '0001_a'] })).toMatchObject({
      kind: 'failure',
      phase: 'history',
      migration: '0002_b',
      message: `The tenant's history moved (not in it: 0000_z; not expected in it: 0001_x).`,
      history: ['0001_x', '0001_a'],
    })
    expect(await query(MADE)).toEqual(['t_0001_a'])
  })

  test('keeps the tables under other names and in another schema', async () => {
    const { apply, history, query } = await setup(way)
    const tables = { table: 'Weird "history"', lockTable: 'lock', schema: `it's` }
    expect(await apply(three, { tables })).toMatchObject({ kind: 'applied' })
    expect(await history(tables)).toEqual(namesOf(three))
    expect(
      await query(`select count(*)::int from "it's"."lock" where id = 'migration_lock' and is_locked = 0`),
    ).toEqual([1])
  })

  test('takes no history table off the search_path for an empty history', async () => {
    const { apply, query } = await setup(way)
    await query('create schema other; create table other.kysely_migration (name text, "timestamp" text)')
    expect(await apply([first])).toMatchObject({ kind: 'failure', phase: 'history', sqlstate: 'KF005' })
    expect(await query(MADE)).toEqual([])
  })
})

describe('two at once', () => {
  test.each(WAYS)('apply everything once, %s', async (way) => {
    const { apply, history } = await setup(way)
    const outcomes = await Promise.all(
      [1, 2, 3].map((attempt) => apply(three, { applicationName: `fleet/r/t/${attempt}` })),
    )
    expect(outcomes.map(({ kind }) => kind)).toEqual(['applied', 'applied', 'applied'])
    expect(outcomes.flatMap((it) => (it.kind === 'applied' ? it.applied : [])).sort()).toEqual(namesOf(three))
    expect(await history()).toEqual(namesOf(three))
  })

  test('end busy when ours does not finish in time', async () => {
    const { apply } = await setup()
    const [entered, leave] = [signal(), signal()]
    const slow = migration('0001_a', async () => {
      entered.reach()
      await leave.reached
    })
    const one = apply([slow])
    await entered.reached
    expect(await apply([slow], { waitForOurs: 300 })).toMatchObject({ kind: 'busy', phase: 'lock' })
    leave.reach()
    expect(await one).toEqual(applied('0001_a'))
  })
})

describe('what a migration sets', () => {
  test('does not reach the next one, nor the history', async () => {
    const { apply, history } = await setup()
    const leaky = migration(
      '0001_a',
      run(`create schema odd; select set_config('search_path', 'odd', false);
      set lock_timeout = 1; set statement_timeout = '1h'; set timezone = 'Asia/Tokyo'; set role pg_monitor`),
    )
    let seen: unknown
    const looks = migration('0002_b', async (db) => {
      const { rows } =
        await sql`select current_schemas(false)::text as path, current_setting('lock_timeout') as lock, current_user = session_user as own,
        current_setting('application_name') as application, current_setting('client_connection_check_interval') as check`.execute(
          db,
        )
      seen = rows[0]
    })
    expect(await apply([leaky, looks])).toEqual(applied('0001_a', '0002_b'))
    expect(seen).toEqual({
      path: '{public}',
      lock: '3s',
      own: true,
      application: 'fleet/rollout/tenant/1',
      check: '2s',
    })
    expect(await history()).toEqual(['0001_a', '0002_b'])
  })

  test.each(WAYS)('runs as the owner role, %s', async (way) => {
    const { apply, query } = await setup(way)
    await query('grant create on schema public to pg_monitor')
    expect(await apply([first], { ownerRole: 'pg_monitor' })).toEqual(applied('0001_a'))
    expect(await query(`select distinct tableowner from pg_tables where schemaname = 'public'`)).toEqual(['pg_monitor'])
  })

  test.each(
    [
      `default_transaction_read_only = on`,
      `default_transaction_isolation = 'repeatable read'`,
      `statement_timeout = '1s'`,
      `idle_in_transaction_session_timeout = 50`,
    ].flatMap((setting) => WAYS.map((way) => [setting, way] as const)),
  )('on the database, as %s, does not get in the way, %s', async (setting, way) => {
    const { apply, query, connection } = await setup(way)
    await query(`alter database "${connection.database}" set ${setting}`)
    const slow = migration('0001_a', async (db) => {
      await first.up(db)
      await run('select pg_sleep(1.2)')(db)
    })
    expect(await apply([slow, second])).toEqual(applied('0001_a', '0002_b'))
  })

  test.for(WAYS)('on the database, as transaction_timeout, does not get in the way, %s', async (way, { skip }) => {
    const { apply, query, connection } = await setup(way)
    const [known] = await query(`select current_setting('transaction_timeout', true)`)
    skip(known === null, 'came with PostgreSQL 17')
    await query(`alter database "${connection.database}" set transaction_timeout = '500ms'`)
    const slow = migration('0001_a', run('select pg_sleep(0.8)'))
    expect(await apply([slow, second])).toEqual(applied('0001_a', '0002_b'))
  })
})

test.each(WAYS)('needs no superuser, only a member of the owner role, %s', async (way) => {
  const { apply, query, connection } = await setup(way)
  const [owner, login] = ['owner', 'login'].map((kind) => `${connection.database}_${kind}`)
  await query(`create role ${owner} nologin; create role ${login} login password 'x' in role ${owner};
    grant all on schema public to ${owner}`)
  onTestFinished(async () => {
    await query(`drop owned by ${owner}; drop role ${login}, ${owner}`)
  })
  const limited = { ...connection, user: login ?? '', password: new Secret('x') }
  const steps = migration('0004_d', run('create index concurrently on_a on t_0001_a (id)'), { transaction: false })
  const outcome = await apply([...three, steps], { connection: limited, ownerRole: owner ?? null })
  expect(outcome).toEqual(applied(...namesOf(three), '0004_d'))
})

test('is not recorded when it ended the transaction in a way that could not be seen', async () => {
  const { apply, history, query } = await setup()
  // With this setting a backslash hides the end of a string from whoever reads it as standard SQL.
  const up = async (db: Kysely<unknown>) => {
    await run('set local standard_conforming_strings = off')(db)
    await run(`select 'a\\''; commit; begin; select '\\''`)(db)
  }
  const unseen = migration('0001_a', up)
  expect(await apply([unseen])).toMatchObject({ kind: 'failure', phase: 'commit', sqlstate: 'KF004' })
  expect(await apply([unseen, second])).toMatchObject({ kind: 'failure', migration: '0001_a', sqlstate: 'KF004' })
  expect(await history()).toEqual([])
  expect(await query(MADE)).toEqual([])
})

describe('what comes after the COMMIT in the message that closes a frame', () => {
  test('is told of the next migration, when another process took the lock', async () => {
    const { apply, connect } = await setup()
    const other = await connect()
    let theirs: Promise<unknown> | undefined
    const waitedFor = migration('0001_a', async (db) => {
      theirs = other.query(`select pg_advisory_lock(${MIGRATION_LOCK})`)
      await untilWaiting(db, 'advisory')
    })
    expect(await apply([waitedFor, second])).toMatchObject({
      kind: 'busy',
      phase: 'lock',
      migration: '0002_b',
      history: ['0001_a'],
    })
    await theirs
  })

  test('is told of the next migration, when it fails', async () => {
    const { apply, connect, history } = await setup()
    await apply([first])
    const other = await connect()
    let theirs: Promise<unknown> | undefined
    const waitedFor = migration('0002_b', async (db) => {
      theirs = other.query('begin; lock table kysely_migration in access exclusive mode')
      await untilWaiting(db, 'relation')
    })
    const seen: string[] = []
    const outcome = await apply([waitedFor, third], {
      expected: ['0001_a'],
      timeouts: { ...TIMEOUTS, lock: 100 },
      onApplied: (name) => seen.push(name),
    })
    expect(outcome).toMatchObject({ kind: 'error', phase: 'history', migration: '0003_c', sqlstate: '55P03' })
    expect(seen).toEqual(['0002_b'])
    await theirs
    await other.query('rollback')
    expect(await history()).toEqual(['0001_a', '0002_b'])
  })

  /** Returns once another backend of this database waits for a lock. */
  async function untilWaiting(db: Kysely<unknown>, locktype: string): Promise<void> {
    const waiting = sql`select 1 from pg_locks where locktype = ${locktype} and not granted
      and database = (select oid from pg_database where datname = current_database())`
    while ((await waiting.execute(db)).rows.length === 0);
  }
})

test.each(WAYS)('a lock that a dead predecessor still holds is waited for, %s', async (way) => {
  const { apply, connect } = await setup(way)
  const predecessor = await connect('fleet/rollout/tenant/0')
  await predecessor.query(`select pg_advisory_lock(${MIGRATION_LOCK})`)
  const clock = {
    now: () => new Date(),
    sleep: async () => {
      await predecessor.query(`select pg_advisory_unlock(${MIGRATION_LOCK})`)
    },
    every: () => () => {},
  }
  expect(await apply([first], { clock })).toEqual(applied('0001_a'))
})

test('a database that cannot be reached is an error of connecting', async () => {
  const { apply, connection } = await setup()
  expect(await apply([first], { connection: { ...connection, port: 1 } })).toMatchObject({
    kind: 'server-away',
    phase: 'connect',
    sqlstate: '08006',
    migration: '0001_a',
  })
})
