import { once } from 'node:events'
import { connect } from 'node:net'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Client } from '../../../src/postgres/connect.ts'
import { quoteLiteral } from '../../../src/postgres/identifiers.ts'
import {
  dataPlaneForTest,
  errorOf,
  inDatabase,
  openRawConnection,
  openSession,
  proxyForTest,
  readValue,
  STARTUP,
} from './data-plane-for-test.ts'
import { needsEmulator } from './test-emulator.ts'

describe('a compute', () => {
  beforeEach(needsEmulator)

  /** Both an idle session and one with a statement that runs. */
  async function idleAndBusy(session: () => Promise<Client>) {
    const [idle, busy] = [await session(), await session()]
    const pid = await readValue(busy, 'select pg_backend_pid()')
    const errors = Promise.all([errorOf(idle), busy.query('select pg_sleep(600)').catch((error: unknown) => error)])
    await inDatabase('postgres', (it) =>
      expect.poll(() => readValue(it, `select state from pg_stat_activity where pid = ${pid}`)).toBe('active'),
    )
    return { errors }
  }
  const ended = { code: '57P01', message: 'terminating connection due to administrator command' }

  test('that is suspended ends all sessions with 57P01, and is woken once by all that come next', async () => {
    const { open } = await dataPlaneForTest()
    let wakes = 0
    const proxy = await open({ coldStartMs: 50, onWake: () => (wakes += 1) })
    await openSession(proxy)
    expect([proxy.isSuspended, wakes]).toEqual([false, 0])
    for (const time of [1, 2]) {
      const { errors } = await idleAndBusy(() => openSession(proxy))
      await proxy.suspend()
      expect(await errors).toMatchObject([ended, ended])
      expect([proxy.isSuspended, wakes]).toEqual([true, time - 1])
      await Promise.all([1, 2, 3, 4, 5].map(() => openSession(proxy)))
      expect([proxy.isSuspended, wakes]).toEqual([false, time])
    }
  })

  test('that is cut ends all sessions with 57P01 and stays awake', async () => {
    const { proxy, session } = await proxyForTest()
    const { errors } = await idleAndBusy(session)
    await proxy.cut()
    expect(await errors).toMatchObject([ended, ended])
    expect(proxy.isSuspended).toBe(false)
    expect(await readValue(await session(), 'select 1')).toBe(1)
  })

  test('that is pointed elsewhere leads new sessions there; open ones stay until it is cut', async () => {
    const { plane, proxy, prefix, database, role, map, session } = await proxyForTest()
    const other = `${prefix}__other`
    await plane.createDatabase(other, role)
    const stays = await session()
    proxy.point({ ...map, databases: new Map([['neondb', other]]) })
    expect(await readValue(await session(), 'select current_database()')).toBe(other)
    expect(await readValue(stays, 'select current_database()')).toBe(database)
    const lost = errorOf(stays)
    await proxy.cut()
    expect(await lost).toMatchObject(ended)
  })

  test('that is suspended or cut leaves no session waiting that had not been let in', async () => {
    const { proxy } = await proxyForTest()
    const socket = await openRawConnection(proxy)
    socket.write(STARTUP)
    await once(socket, 'data')
    socket.on('end', () => socket.end())
    await Promise.all([proxy.cut(), once(socket, 'close')])
  })

  test('that is cut does not wait for a client that does not read', async () => {
    const { proxy, session, database } = await proxyForTest()
    const client = await session()
    const { stream } = Reflect.get(client, 'connection')
    stream.pause()
    const lost = client.query("select repeat('x', 1000) from generate_series(1, 100000)").catch(() => 'lost')
    await inDatabase('postgres', (it) =>
      expect
        .poll(() => readValue(it, `select wait_event from pg_stat_activity where datname = ${quoteLiteral(database)}`))
        .toBe('ClientWrite'),
    )
    await proxy.cut()
    stream.resume()
    expect(await lost).toBe('lost')
  })

  test('refuses with a text of Neon’s as often as it is told to', async () => {
    const { proxy, session } = await proxyForTest()
    const text = 'Control plane request failed'
    const refused = () => expect(session()).rejects.toMatchObject({ code: 'XX000', message: text })
    proxy.refuse(text, 2)
    await refused()
    await refused()
    await session()
    proxy.refuse(text)
    for (const _ of [1, 2, 3]) await refused()
    proxy.refuse(undefined)
    await session()
  })

  test('that never wakes takes connections and says nothing', async () => {
    const { open, proxy, session } = await proxyForTest()
    proxy.neverWakes(true)
    const socket = await openRawConnection(proxy)
    socket.write(STARTUP)
    // What takes many turns, so that the connection has been taken before this is over.
    await openSession(await open())
    proxy.neverWakes(false)
    await session()
    expect(socket.bytesRead).toBe(0)
  })

  test('whose proxy is closed has no port and no client any more', async () => {
    const { proxy, session } = await proxyForTest()
    const { port } = proxy
    const lost = errorOf(await session())
    await proxy.close()
    await lost
    const socket = connect({ host: '127.0.0.1', port })
    expect(await once(socket, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }])
  })
})
