import { once } from 'node:events'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { Secret } from '../../../src/model/secret.ts'
import { quoteIdentifier, quoteLiteral } from '../../../src/postgres/identifiers.ts'
import { scramVerifier } from '../../../src/postgres/scram-verifier.ts'
import { freePort } from '../../../src/providers/embedded/free-port.ts'
import { inDatabase, openRawConnection, openSession, proxyForTest, readValue, STARTUP } from './data-plane-for-test.ts'
import { cancel, copyOf } from './driver-extras.ts'
import { openEndpointProxy } from './endpoint-proxy.ts'
import { PLAINTEXT_ONLY } from './refuse-hashed-passwords.ts'
import { needsEmulator } from './test-emulator.ts'

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
const GSSENC_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 48])

describe('a session through the proxy', () => {
  beforeEach(needsEmulator)

  test('is in the database and of the role that the names stand for', async () => {
    const { session, role, database } = await proxyForTest()
    const client = await session()
    expect(await readValue(client, 'select current_database()')).toBe(database)
    expect(await readValue(client, 'select current_user')).toBe(role)
  })

  test('may be of a role that SQL made, which nobody has to map', async () => {
    const { proxy, prefix, session } = await proxyForTest()
    const user = `${prefix}_app`
    await (await session()).query(`create role ${quoteIdentifier(user)} login password 'of-the-app'`)
    const client = await openSession(proxy, { user, password: 'of-the-app' })
    expect(await readValue(client, 'select current_user')).toBe(user)
  })

  test('is refused with 28P01 when the password is wrong, and is let in with the new one', async () => {
    const { plane, proxy, role } = await proxyForTest()
    await expect(openSession(proxy, { password: 'wrong' })).rejects.toMatchObject({ code: '28P01' })
    await plane.setPassword(role, 'another')
    await expect(openSession(proxy)).rejects.toMatchObject({ code: '28P01' })
    await openSession(proxy, { password: 'another' })
  })

  test('is refused with 3D000 when the database is not mapped, though the server has it', async () => {
    const { proxy, database } = await proxyForTest()
    for (const name of ['other', 'postgres', database]) {
      const refused = expect(openSession(proxy, { database: name })).rejects
      await refused.toMatchObject({ code: '3D000', message: `database "${name}" does not exist` })
    }
  })

  test('may send several statements in one message, and get their error where it is', async () => {
    const client = await (await proxyForTest()).session()
    const results = (await client.query('select 1 as a; create table t (n int); select 2 as b')) as unknown
    expect(results).toMatchObject([{ rows: [{ a: 1 }] }, {}, { rows: [{ b: 2 }] }])
    await expect(client.query('select 1; select 1/0; select 2')).rejects.toMatchObject({ code: '22012' })
    expect(await readValue(client, 'select 3')).toBe(3)
  })

  test('may copy in and out', async () => {
    const client = await (await proxyForTest()).session()
    await client.query('create table t (n int)')
    const numbers = Array.from({ length: 200_000 }, (_, n) => `${n}\n`).join('')
    await client.query(copyOf('copy t from stdin', numbers)).done
    expect(await client.query(copyOf('copy t to stdout', '')).done).toBe(numbers)
  })

  test('may send and get messages of many megabytes', async () => {
    const client = await (await proxyForTest()).session()
    const text = 'x'.repeat(20_000_000)
    expect((await client.query('select $1::text as text', [text])).rows[0].text).toBe(text)
    expect(await readValue(client, `select length('${text}')`)).toBe(text.length)
  })

  test('may be one of fifty that come at once', async () => {
    const { session } = await proxyForTest()
    const clients = await Promise.all(Array.from({ length: 50 }, session))
    const answers = await Promise.all(clients.map((client, n) => readValue(client, `select ${n}`)))
    expect(answers).toEqual(clients.map((_, n) => n))
  })

  test('can be cancelled', async () => {
    const { proxy, session } = await proxyForTest()
    const [client, other] = [await session(), await session()]
    const pid = await readValue(client, 'select pg_backend_pid()')
    const slow = expect(client.query('select pg_sleep(600)')).rejects.toMatchObject({ code: '57014' })
    await expect.poll(() => readValue(other, `select state from pg_stat_activity where pid = ${pid}`)).toBe('active')
    await cancel(client, proxy)
    await slow
  })

  test('ends on the server when its client goes away', async () => {
    const { session, database } = await proxyForTest()
    const client = await session()
    const socket = (Reflect.get(client, 'connection') as { stream: { destroy(): void } }).stream
    socket.destroy()
    await inDatabase('postgres', (it) =>
      expect
        .poll(() =>
          readValue(it, `select count(*)::int from pg_stat_activity where datname = ${quoteLiteral(database)}`),
        )
        .toBe(0),
    )
  })

  test('begins whatever bytes its first messages are cut at, after being denied encryption', async () => {
    const { proxy } = await proxyForTest()
    const socket = await openRawConnection(proxy)
    socket.setNoDelay(true)
    for (const request of [SSL_REQUEST, GSSENC_REQUEST]) {
      for (const byte of request) socket.write(Buffer.from([byte]))
      expect((await once(socket, 'data'))[0].toString()).toBe('N')
    }
    for (const byte of STARTUP) socket.write(Buffer.from([byte]))
    // AuthenticationSASL: the server has been reached.
    expect((await once(socket, 'data'))[0].toString('latin1')).toMatch(/^R.*SCRAM-SHA-256/s)
    socket.end()
    socket.resume()
    await once(socket, 'close')
  })

  test('is not begun by what is no startup packet', async () => {
    const { proxy } = await proxyForTest()
    const socket = await openRawConnection(proxy)
    socket.end('GET / HTTP/1.1\r\n\r\n')
    expect((await once(socket, 'data'))[0].toString()).toContain('08P01')
    await once(socket, 'close')
  })

  test('gets Neon’s answer when the server is away', async () => {
    const address = { host: '127.0.0.1', port: await freePort(undefined) }
    const map = { databases: new Map([['neondb', 'd']]), roles: new Map() }
    const proxy = await openEndpointProxy(
      { address, endSessions: async () => {} },
      { map, pooled: false, coldStartMs: 0, onWake: () => {} },
    )
    onTestFinished(() => proxy.close())
    const refused = expect(openSession(proxy)).rejects
    await refused.toMatchObject({ code: 'XX000', message: "Couldn't connect to compute node" })
  })
})

describe('a hashed password', () => {
  beforeEach(needsEmulator)

  async function withHash() {
    const { session, prefix, proxy } = await proxyForTest()
    const client = await session()
    const user = `${prefix}_app`
    const role = quoteIdentifier(user)
    await client.query(`create role ${role} login password 'the-first'`)
    const hash = quoteLiteral(await scramVerifier(new Secret('the-second')))
    const works = () => openSession(proxy, { user, password: 'the-first' })
    return { client, alter: `alter role ${role} password ${hash}`, works }
  }
  const refusal = { code: 'XX000', message: PLAINTEXT_ONLY }

  test('is refused in a simple query with all that is in it', async () => {
    const { client, alter, works } = await withHash()
    await expect(client.query(alter)).rejects.toMatchObject(refusal)
    await expect(client.query(`create table t (); ${alter}`)).rejects.toMatchObject(refusal)
    expect(await readValue(client, "select to_regclass('t')")).toBeNull()
    await works()
  })

  test('is refused in a statement that is parsed, and the answers stay in their order', async () => {
    const { client, alter, works } = await withHash()
    for (const name of ['', 'named']) {
      const query = { name, text: alter, queryMode: 'extended' }
      await expect(client.query(query)).rejects.toMatchObject(refusal)
      expect((await client.query('select $1::int as n', [1])).rows).toEqual([{ n: 1 }])
    }
    await works()
  })

  test('fails the transaction that it is in', async () => {
    const { client, alter, works } = await withHash()
    await client.query('begin; create table t ()')
    await expect(client.query(alter)).rejects.toMatchObject(refusal)
    await expect(client.query('select 1')).rejects.toMatchObject({ code: '25P02' })
    await client.query('rollback')
    await works()
  })
})
