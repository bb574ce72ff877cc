import { once } from 'node:events'
import { beforeEach, describe, expect, test } from 'vitest'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { noPgbouncer } from '../pgbouncer.ts'
import {
  dataPlaneForTest,
  errorOf,
  inDatabase,
  needsServer,
  openRawConnection,
  openSession,
  readValue,
  STARTUP_MESSAGE,
} from './data-plane-for-test.ts'
import { withParameters, writeStartupMessage } from './startup-message.ts'

async function setup() {
  const test = await dataPlaneForTest()
  const proxy = await test.open({ pooled: true })
  return { ...test, proxy, session: () => openSession(proxy) }
}

describe('a session through the pooled twin', () => {
  beforeEach(async (context) => {
    await needsServer(context)
    context.skip(noPgbouncer !== undefined, noPgbouncer)
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

  test('shares its server connections with others, by transaction', async () => {
    const { session } = await setup()
    const [a, b] = [await session(), await session()]
    const pid = 'select pg_backend_pid()'
    expect(await readValue(a, pid)).toBe(await readValue(b, pid))
    await a.query('begin')
    const inTransaction = await readValue(a, pid)
    expect(await readValue(b, pid)).not.toBe(inTransaction)
    expect(await readValue(a, pid)).toBe(inTransaction)
    await a.query('commit')
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
