import { describe, expect, test } from 'vitest'
import { cuttingProxy } from './cutting-proxy.ts'
import { applied, first, MADE, migration, run, second, setup, signal, table } from './tenant-database.ts'

describe('a connection that is lost', () => {
  test('in the middle is an error, and nothing of the migration stays', async () => {
    const { apply, query } = await setup()
    let pid = 0
    const killed = migration('0002_b', async (db) => {
      await table('0002_b').up(db)
      await query(`select pg_terminate_backend(${pid})`)
      await run('select 1')(db)
    })
    const outcome = await apply([first, killed], {
      onConnected: (backend) => {
        pid ||= backend.pid
      },
    })
    expect(outcome).toMatchObject({ kind: 'error', phase: 'statement', migration: '0002_b', history: ['0001_a'] })
    expect(await query(MADE)).toEqual(['t_0001_a'])
    expect(await apply([first, second])).toMatchObject({ kind: 'applied', applied: ['0002_b'] })
  })

  test('right after COMMIT was sent is a success if the server got to it, and only then', async () => {
    const { apply, history, connection, query } = await setup()
    const through = await cuttingProxy(connection, { after: CLOSING })
    const outcome = await apply([first, second], { connection: through })
    const there = await history()
    if (outcome.kind === 'applied') expect(there).toEqual(['0001_a', '0002_b'])
    else expect([outcome.kind, there]).toEqual(['error', []])
    expect(await query(MADE)).toEqual(there.map((name) => `t_${name}`))
  })

  test('while the server still commits is waited for, and is a success', async () => {
    const { apply, history, connection, query, connect } = await setup()
    const gate = await connect()
    await gate.query('select pg_advisory_lock(7)')
    await query(SLOW_COMMIT)
    const waiting = `select 1 from pg_locks where locktype = 'advisory' and not granted and objid = 7
      and database = (select oid from pg_database where datname = current_database())`
    const cut = signal()
    const through = await cuttingProxy(connection, {
      after: CLOSING,
      keepServerSide: true,
      passed: async () => {
        while ((await query(waiting)).length === 0);
        cut.reach()
      },
    })
    const slow = migration('0001_a', run('insert into slow values (1)'))
    const outcome = apply([slow, second], { connection: through })
    await cut.reached
    await gate.query('select pg_advisory_unlock(7)')
    expect(await outcome).toEqual(applied('0001_a', '0002_b'))
    expect(await history()).toEqual(['0001_a', '0002_b'])
  })

  test('leaves no backend behind that holds the lock for a client that is gone', async () => {
    const { apply, connection, history } = await setup()
    const through = await cuttingProxy(connection, { after: 'create table "t_0002_b"', keepServerSide: true })
    expect(await apply([first, second], { connection: through })).toMatchObject({
      kind: 'error',
      phase: 'statement',
      migration: '0002_b',
      history: ['0001_a'],
    })
    expect(await history()).toEqual(['0001_a'])
    expect(await apply([first, second], { waitForOurs: 0 })).toMatchObject({ kind: 'applied', applied: ['0002_b'] })
  })

  test('while the server still commits is busy when that takes too long, and applied once all the same', async () => {
    const { apply, connection, query, connect } = await setup()
    const gate = await connect()
    await gate.query('select pg_advisory_lock(7)')
    await query(SLOW_COMMIT)
    const through = await cuttingProxy(connection, { after: CLOSING, keepServerSide: true })
    const slow = migration('0001_a', run('insert into slow values (1)'))
    expect(await apply([slow], { connection: through, waitForOurs: 200 })).toMatchObject({
      kind: 'busy',
      phase: 'lock',
    })
    await gate.query('select pg_advisory_unlock(7)')
    expect(await apply([slow])).toMatchObject({ kind: 'applied', history: ['0001_a'] })
    expect(await query('select count(*)::int from slow')).toEqual([1])
  })
})

/** In the message that closes a frame, and in no other. */
const CLOSING = 'pg_current_xact_id_if_assigned()'

const SLOW_COMMIT = `create table slow (id int);
  create function wait() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(7); return null; end $$;
  create constraint trigger wait after insert on slow deferrable initially deferred for each row execute function wait()`
