import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { formatConnectionString } from '../../src/postgres/connection-string.ts'
import { makeCatalogDatabase } from '../support/catalog-database.ts'
import { FIRST, ids, SECOND, setupFleet } from '../support/fleet.ts'
import { admin } from '../support/test-server.ts'

/** Stands before the server under test, and goes away when it is told to. */
async function standBefore({ host, port }: { readonly host: string; readonly port: number }) {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)))
    return socket
  }
  const server = createServer((client) => {
    const behind = keep(connect(port, host))
    keep(client).pipe(behind).pipe(client)
  })
  const listen = async (at: number) => {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const goAway = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  const own = await listen(0)
  onTestFinished(goAway)
  return { port: own, goAway, comeBack: () => listen(own) }
}

test('a server that stays away fails no tenant: its tenants wait, and a resume alone goes on', async () => {
  const before = await standBefore(admin())
  const catalog = { ...admin(), database: await makeCatalogDatabase() }
  const away = { ...admin(), host: '127.0.0.1', port: before.port }
  const { fleet, create, migration, histories, events } = await setupFleet({
    provider: { kind: 'postgres', url: formatConnectionString(away, { reveal: true }) },
    catalog: { url: formatConnectionString(catalog, { reveal: true }) },
    rollout: { attempts: 2 },
  })
  await create(ids(3))
  await migration('0003_more', 'await sql`alter table items add column more int`.execute(db)')
  const stop = fleet.on((event) => event.type === 'tenant.succeeded' && before.goAway())
  expect(await fleet.rollouts.start()).toMatchObject({
    status: {
      state: 'paused',
      pauseReason: 'server-unfit',
      pauseNote: expect.stringMatching(/^What is left of wave everyone waits for main: connect ECONNREFUSED /),
      waves: [{ counts: { succeeded: 1, pending: 2, failed: 0 } }],
    },
  })
  // Who asks too early is told the same, after as many tries.
  const released = () => events.filter(({ type }) => type === 'tenant.released').length
  const first = released()
  expect(await fleet.rollouts.resume()).toMatchObject({ status: { pauseReason: 'server-unfit' } })
  expect(released() - first).toBeGreaterThanOrEqual(2)
  stop()
  await before.comeBack()
  expect(await fleet.rollouts.resume()).toMatchObject({ status: { state: 'completed', outcome: 'succeeded' } })
  expect(events.filter(({ type }) => type === 'tenant.failed')).toEqual([])
  expect(Object.values(await histories(ids(3)))).toEqual(ids(3).map(() => [FIRST, SECOND, '0003_more']))
})
