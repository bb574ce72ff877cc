import { describe, expect, test } from 'vitest'
import { cuttingProxy } from './cutting-proxy.ts'
import { applied, first, MADE, migration, namesOf, run, second, setup, table, third, three } from './tenant-database.ts'

describe('a recorded migration that fails', () => {
  test('names the statement, and keeps those before it', async () => {
    const { apply, history, query } = await setup('replay')
    const failing = migration('0002_b', run('create table t_0002_b (id int); insert into t_0002_b values (1/0)'))
    const seen: string[] = []
    expect(await apply([first, failing, three[2] ?? first], { onApplied: (name) => seen.push(name) })).toMatchObject({
      kind: 'failure',
      phase: 'statement',
      migration: '0002_b',
      sqlstate: '22012',
      message: 'division by zero (statement 2, migrations/0002_b.ts: insert into t_0002_b values (1/0))',
      history: ['0001_a'],
    })
    expect(seen).toEqual(['0001_a'])
    expect(await history()).toEqual(['0001_a'])
    expect(await query(MADE)).toEqual(['t_0001_a'])
  })

  test('names where in the statement the server stopped, in characters', async () => {
    const { apply } = await setup('replay')
    const failing = migration('0002_b', run(`select '😀'; select '😀', no_such_column from t_0001_a`))
    expect(await apply([first, failing])).toMatchObject({
      sqlstate: '42703',
      message: expect.stringContaining('(statement 2 at character 13, migrations/0002_b.ts: '),
    })
  })

  test('at COMMIT is said to, for a deferred constraint', async () => {
    const { apply, history } = await setup('replay')
    const deferred = migration(
      '0001_a',
      run(`create table a (id int primary key); create table b (a int references a deferrable initially deferred);
        insert into b values (1)`),
    )
    expect(await apply([deferred, second])).toMatchObject({
      kind: 'failure',
      phase: 'commit',
      migration: '0001_a',
      sqlstate: '23503',
    })
    expect(await history()).toEqual([])
  })

  test('ends in a comment without swallowing what follows', async () => {
    const { apply } = await setup('replay')
    expect(await apply([migration('0001_a', run('select 1 -- the end')), second])).toEqual(applied('0001_a', '0002_b'))
  })

  test('by the time of its history that no server can read is a failure, not a loop', async () => {
    const { apply, query } = await setup('replay')
    await apply([first])
    await query(`update kysely_migration set "timestamp" = 'yesterday-ish'`)
    expect(await apply([second], { expected: ['0001_a'] })).toMatchObject({ kind: 'failure', phase: 'history' })
  })
})

describe('the time of a recorded migration', () => {
  test('is later than that of the one before it, whatever the clock says', async () => {
    const { apply, query, history } = await setup('replay')
    await apply([first])
    await query(`update kysely_migration set "timestamp" = '2999-01-01T00:00:00.000Z'`)
    await apply(three)
    expect(await query('select "timestamp" from kysely_migration order by 1')).toEqual([
      '2999-01-01T00:00:00.000Z',
      '2999-01-01T00:00:00.001Z',
      '2999-01-01T00:00:00.002Z',
    ])
    expect(await history()).toEqual(namesOf(three))
  })
})

test('a history that lies in another order in the table is the expected one', async () => {
  const { apply, query, history } = await setup('replay')
  await apply([first, second])
  await query(`with taken as (delete from kysely_migration where name = '0001_a' returning *)
    insert into kysely_migration select * from taken`)
  expect(await query('select name from kysely_migration')).toEqual(['0002_b', '0001_a'])
  expect(await apply([third, table('0004_d')], { expected: ['0001_a', '0002_b'] })).toMatchObject({ kind: 'applied' })
  expect(await history()).toEqual([...namesOf(three), '0004_d'])
})

describe('a connection that is lost during a message', () => {
  test('is asked how far the server went, and the rest is sent', async () => {
    const { apply, history, connection } = await setup('replay')
    const through = await cuttingProxy(connection, { after: 'create table "t_0003_c"', keepServerSide: true })
    const seen: string[] = []
    const outcome = await apply(three, { connection: through, onApplied: (name) => seen.push(name) })
    const there = await history()
    expect(outcome.kind === 'applied' ? outcome.applied : []).toEqual(outcome.kind === 'applied' ? seen : [])
    expect(there.slice(0, seen.length)).toEqual(seen)
    expect(await apply(three)).toMatchObject({ kind: 'applied', history: namesOf(three) })
  })

  test('by a backend that was ended is an error, and what was committed stays', async () => {
    const { apply, history, query } = await setup('replay')
    const dies = migration('0002_b', run('select pg_terminate_backend(pg_backend_pid())'))
    expect(await apply([first, dies])).toMatchObject({ kind: 'error', migration: '0002_b', history: ['0001_a'] })
    expect(await history()).toEqual(['0001_a'])
    expect(await query(MADE)).toEqual(['t_0001_a'])
  })
})

test('live and recorded migrations take turns', async () => {
  const { apply, history, query } = await setup('replay')
  const steps = migration('0002_b', run('create index concurrently on_a on t_0001_a (id)'), { transaction: false })
  const mixed = [first, steps, table('0003_c'), table('0004_d')]
  expect(await apply(mixed)).toEqual(applied(...namesOf(mixed)))
  expect(await history()).toEqual(namesOf(mixed))
  expect(await query(MADE)).toEqual(['t_0001_a', 't_0003_c', 't_0004_d'])
})
