import { once } from 'node:events'
import { beforeEach, describe, expect, test } from 'vitest'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { noPgbouncer } from '../pgbouncer.ts'
import {
  errorOf,
  inDatabase,
  openRawConnection,
  openSession,
  proxyForTest,
  readValue,
  STARTUP_MESSAGE,
} from './data-plane-for-test.ts'
import { cancel, copyOf } from './driver-extras.ts'
import { withParameters, writeStartupMessage } from './startup-message.ts'
import { needsEmulator } from './test-emulator.ts'

function sleepersIn(database: string): string {
  return `select count(*)::int from pg_stat_activity where wait_event = 'PgSleep' and datname = '${database}'`
}

describe.each(['pgbouncer', 'worst'] as const)('a session through the pooled twin, %s', (pooler) => {
  const setup = () => proxyForTest({ pooler })

  beforeEach(async (context) => {
    await needsEmulator(context)
    context.skip(pooler === 'pgbouncer' && noPgbouncer !== undefined, noPgbouncer)
  })

  test('is in the database and of the role that the names stand for', async () => {
    const { session, role, database } = await setup()
    const client = await session()
    expect(await readValue(client, 'select current_database()')).toBe(database)
    expect(await readValue(client, 'select current_user')).toBe(role)
  })

  test('may be of a role that SQL made, and has its password of now', async () => {
    const { plane, proxy, role, prefix, session } = await setup()
    const user = `${prefix}_app`
    await (await session()).query(`create role ${quoteIdentifier(user)} login password 'of-the-app'`)
    const client = await openSession(proxy, { user, password: 'of-the-app' })
    expect(await readValue(client, 'select current_user')).toBe(user)
    await plane.setPassword(role, 'another')
    await expect(session()).rejects.toMatchObject({ code: '28P01' })
    const again = await openSession(proxy, { password: 'another' })
    expect(await readValue(again, 'select 1')).toBe(1)
  })

  test('is refused with 28P01 when the password is wrong, with 3D000 when the database is not mapped', async () => {
    const { proxy } = await setup()
    await expect(openSession(proxy, { password: 'wrong' })).rejects.toMatchObject({ code: '28P01' })
    await expect(openSession(proxy, { database: 'postgres' })).rejects.toMatchObject({ code: '3D000' })
  })

  test('is refused when it begins with settings in its options', async () => {
    const { proxy } = await setup()
    const socket = await openRawConnection(proxy)
    const options = withParameters(STARTUP_MESSAGE, { options: '-c lock_timeout=5s' })
    socket.end(writeStartupMessage(options))
    const said = (await once(socket, 'data'))[0].toString()
    expect(said).toContain('C08P01')
    expect(said).toContain('unsupported startup parameter in options: lock_timeout')
  })

  test('changes its server connection by transaction, and not within one', async () => {
    const { session } = await setup()
    const [a, b] = [await session(), await session()]
    const pid = 'select pg_backend_pid()'
    if (pooler === 'pgbouncer') expect(await readValue(a, pid)).toBe(await readValue(b, pid))
    else expect(await readValue(a, pid)).not.toBe(await readValue(a, pid))
    await a.query('begin')
    const inTransaction = await readValue(a, pid)
    expect(await readValue(b, pid)).not.toBe(inTransaction)
    expect(await readValue(a, pid)).toBe(inTransaction)
    await a.query('commit')
  })

  test('may send several statements in one message, large ones too, and get their error where it is', async () => {
    const client = await (await setup()).session()
    const results = (await client.query('select 1 as a; create table t (n int); select 2 as b')) as unknown
    expect(results).toMatchObject([{ rows: [{ a: 1 }] }, {}, { rows: [{ b: 2 }] }])
    await expect(client.query('select 1; select 1/0; select 2')).rejects.toMatchObject({ code: '22012' })
    await expect(client.query('select $1::int', ['x'])).rejects.toMatchObject({ code: '22P02' })
    const text = 'x'.repeat(5_000_000)
    expect((await client.query('select $1::text as text', [text])).rows[0].text).toBe(text)
  })

  test('may copy in and out, in a transaction too', async () => {
    const client = await (await setup()).session()
    await client.query('create table t (n int)')
    const numbers = Array.from({ length: 50_000 }, (_, n) => `${n}\n`).join('')
    await client.query(copyOf('copy t from stdin', numbers)).done
    await client.query('begin; delete from t')
    await client.query(copyOf('copy t from stdin', numbers)).done
    await client.query('commit')
    expect(await client.query(copyOf('copy t to stdout', '')).done).toBe(numbers)
    await expect(client.query(copyOf('copy t from stdin', 'x\n')).done).rejects.toMatchObject({ code: '22P02' })
    expect(await readValue(client, 'select 1')).toBe(1)
  })

  test('can be cancelled', async () => {
    const { proxy, session, database } = await setup()
    const client = await session()
    const slow = expect(client.query('begin; select pg_sleep(600) as slow')).rejects.toMatchObject({ code: '57014' })
    await inDatabase('postgres', (it) => expect.poll(() => readValue(it, sleepersIn(database))).toBe(1))
    await cancel(client, proxy)
    await slow
  })

  test('is one of fifty that come at once', async () => {
    const { session } = await setup()
    const clients = await Promise.all(Array.from({ length: 50 }, session))
    const answers = await Promise.all(clients.map((client, n) => readValue(client, `select ${n}`)))
    expect(answers).toEqual(clients.map((_, n) => n))
  })

  test('ends when the compute is suspended or cut; in a transaction with 57P01', async () => {
    const { proxy, session } = await setup()
    for (const end of [() => proxy.suspend(), () => proxy.cut()]) {
      const [idle, busy] = [await session(), await session()]
      await busy.query('begin; select txid_current()')
      const lost = Promise.all([errorOf(idle), errorOf(busy)])
      await end()
      expect(await lost).toMatchObject([{}, { code: '57P01' }])
      expect(await readValue(await session(), 'select 1')).toBe(1)
    }
  })

  test('is led to another database by the next map, and a database under it can be frozen', async () => {
    const { plane, proxy, database, prefix, map, session } = await setup()
    const client = await session()
    await client.query('create table t as select 1 as n')
    await plane.freeze(database, `${prefix}__mark`)
    await plane.thaw(`${prefix}__mark`, `${prefix}__again`)
    proxy.point({ ...map, databases: new Map([['neondb', `${prefix}__again`]]) })
    expect(await readValue(await session(), 'select current_database()')).toBe(`${prefix}__again`)
  })

  test('leaves no session on the server after close', async () => {
    const { plane, prefix, session } = await setup()
    await (await session()).query('select 1')
    await plane.close()
    const query = `select count(*)::int from pg_stat_activity where strpos(datname, '${prefix}') > 0`
    expect(await inDatabase('postgres', (it) => readValue(it, query))).toBe(0)
  })
})

describe('the worst pooler', () => {
  beforeEach(needsEmulator)

  test('loses what a session keeps, every time', async () => {
    const client = await (await proxyForTest({ pooler: 'worst' })).session()
    await client.query("set lock_timeout = '7s'")
    expect(await readValue(client, 'show lock_timeout')).toBe('0')
    await client.query('select pg_advisory_lock(1)')
    expect(await readValue(client, 'select pg_advisory_unlock(1)')).toBe(false)
  })
})
