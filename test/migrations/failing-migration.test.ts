import { readFile } from 'node:fs/promises'
import type { Kysely } from 'kysely'
import { describe, expect, test } from 'vitest'
import { applied, first, MADE, migration, run, second, setup, TIMEOUTS } from './tenant-database.ts'

describe('a migration that fails', () => {
  test.each([
    [
      'a statement',
      run('alter table missing add column a int'),
      { kind: 'failure', phase: 'statement', sqlstate: '42P01' },
    ],
    [
      'a lock timeout',
      run(`set local lock_timeout = 1; select pg_advisory_lock(99)`),
      { kind: 'error', sqlstate: '55P03' },
    ],
    ['a right', run('set local role pg_monitor; create table t_no (id int)'), { kind: 'rights', sqlstate: '42501' }],
    ['a statement timeout', run('select pg_sleep(10)'), { kind: 'failure', sqlstate: '57014' }],
    [
      'a full disk',
      run(`do $$ begin raise exception using errcode = '53100'; end $$`),
      { kind: 'server', sqlstate: '53100' },
    ],
    [
      'a deadlock',
      run(`do $$ begin raise exception using errcode = '40P01'; end $$`),
      { kind: 'error', sqlstate: '40P01' },
    ],
  ])('at %s is classed by its SQLSTATE', async (_, up, expected) => {
    const { apply, connect, history } = await setup()
    await (await connect()).query('select pg_advisory_lock(99)')
    const outcome = await apply([first, migration('0002_b', up)], { timeouts: { ...TIMEOUTS, statement: 2_000 } })
    expect(outcome).toMatchObject({ migration: '0002_b', phase: 'statement', ...expected })
    expect(await history()).toEqual(['0001_a'])
  })

  test('keeps DETAIL, which may hold a row, out of the message', async () => {
    const { apply } = await setup()
    const up = run(`create table t_u (mail text unique); insert into t_u values ('a@b.c'), ('a@b.c')`)
    const outcome = await apply([migration('0001_a', up)])
    expect(outcome).toMatchObject({ kind: 'failure', sqlstate: '23505', detail: expect.stringContaining('a@b.c') })
    expect(outcome).toMatchObject({ message: expect.not.stringContaining('a@b.c') })
  })

  test('at COMMIT is said to, for a deferred constraint', async () => {
    const { apply, history } = await setup()
    const up =
      run(`create table t_p (id int primary key); create table t_f (id int references t_p deferrable initially deferred);
      insert into t_f values (1)`)
    expect(await apply([migration('0001_a', up)])).toMatchObject({
      kind: 'failure',
      phase: 'commit',
      sqlstate: '23503',
      message: expect.stringContaining('(at COMMIT)'),
    })
    expect(await history()).toEqual([])
  })

  test('by an error of its own is a failure with its first line', async () => {
    const { apply, history } = await setup()
    const up = async (db: Kysely<unknown>) => {
      await first.up(db)
      throw new Error('no plan\nfor this')
    }
    expect(await apply([migration('0001_a', up)])).toMatchObject({
      kind: 'failure',
      phase: 'statement',
      sqlstate: null,
      message: 'no plan',
    })
    expect(await history()).toEqual([])
  })

  test('by an error of its own whose code looks like a lost connection is a failure all the same', async () => {
    const { apply } = await setup()
    const up = () => readFile('/nowhere/seed.sql').then(() => {})
    expect(await apply([migration('0001_a', up)])).toMatchObject({
      kind: 'failure',
      phase: 'statement',
      sqlstate: null,
    })
    const steps = migration('0001_a', up, { transaction: false })
    expect(await apply([steps])).toMatchObject({ kind: 'failure', phase: 'statement', sqlstate: null })
  })

  test('by wrapping an error of the server is classed by that', async () => {
    const { apply } = await setup()
    const up = (db: Kysely<unknown>) =>
      run(`do $$ begin raise exception using errcode = '40001'; end $$`)(db).catch((cause: unknown) => {
        throw new Error('wrapped', { cause })
      })
    expect(await apply([migration('0001_a', up)])).toMatchObject({ kind: 'error', sqlstate: '40001' })
    const steps = migration('0001_a', up, { transaction: false })
    expect(await apply([steps])).toMatchObject({ kind: 'error', sqlstate: '40001' })
  })

  test('by swallowing an error is never a success', async () => {
    const { apply, history } = await setup()
    const up = async (db: Kysely<unknown>) => {
      await first.up(db)
      await run('select * from missing')(db).catch(() => {})
    }
    expect(await apply([migration('0001_a', up)])).toMatchObject({
      kind: 'failure',
      sqlstate: '42P01',
      message: expect.stringContaining('went on after an error'),
    })
    expect(await history()).toEqual([])
  })

  test('is told what aborted its transaction, not that it is aborted', async () => {
    const { apply } = await setup()
    const up = async (db: Kysely<unknown>) => {
      await run('select * from missing')(db).catch(() => {})
      await run('select 1')(db)
    }
    const outcome = await apply([migration('0001_a', up)])
    expect(outcome).toMatchObject({ kind: 'failure', sqlstate: '42P01', detail: 'select * from missing' })
  })

  test('may catch an error behind a savepoint', async () => {
    const { apply } = await setup()
    const up = async (db: Kysely<unknown>) => {
      await run('savepoint s')(db)
      await run('select * from missing')(db).catch(() => run('rollback to savepoint s')(db))
      await first.up(db)
    }
    expect(await apply([migration('0001_a', up)])).toEqual(applied('0001_a'))
  })

  test.each(['commit', 'rollback', 'begin', '/* x */ COMMIT AND CHAIN', 'select 1; commit; begin', 'end'])(
    'by sending %s is stopped before anything is committed',
    async (text) => {
      const { apply, history, query } = await setup()
      const up = async (db: Kysely<unknown>) => {
        await first.up(db)
        await run(text)(db)
        await second.up(db)
      }
      expect(await apply([migration('0001_a', up)])).toMatchObject({
        kind: 'failure',
        phase: 'statement',
        sqlstate: null,
      })
      expect(await query(MADE)).toEqual([])
      expect(await history()).toEqual([])
    },
  )

  test('by a query that nobody awaits runs nothing outside its frame', async () => {
    const { apply, query } = await setup()
    const up = async (db: Kysely<unknown>) => {
      void run('create table t_1 as select pg_sleep(0.1)')(db)
      void run('create table t_2 ()')(db)
      void run('select * from missing')(db)
    }
    expect(await apply([migration('0001_a', up)])).toMatchObject({
      kind: 'failure',
      message: expect.stringContaining('await'),
    })
    expect(await query(MADE)).toEqual([])
  })

  test('cannot begin a transaction within its own, as under the Migrator', async () => {
    const { apply } = await setup()
    const up = (db: Kysely<unknown>) => db.transaction().execute(async () => {})
    expect(await apply([migration('0001_a', up)])).toMatchObject({
      kind: 'failure',
      message: expect.stringContaining('not supported'),
    })
  })
})
