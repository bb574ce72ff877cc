import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net'
import type { Pool } from '../../../src/postgres/connect.ts'
import type { ComputeServer } from './endpoint-proxy.ts'
import type { PooledTwin } from './pooled-twin.ts'
import { WorstPoolerSession } from './worst-pooler-session.ts'

export interface WorstPoolerOptions {
  /** Reads the secrets of roles, as PgBouncer's `auth_query` does. */
  readonly admin: Pool
  readonly server: NetConnectOpts
  readonly endSessions: ComputeServer['endSessions']
}

/**
 * Opens a pooler in transaction mode as bad as one may be: each client has two server connections that take turns by transaction, so
 * that whatever a session keeps (locks, settings, prepared statements) is not there the next time, every time.
 */
export async function openWorstPooler({ admin, server, endSessions }: WorstPoolerOptions): Promise<PooledTwin> {
  const sockets = new Set<Socket>()
  const sessions = new Map<string, WorstPoolerSession>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    return socket
  }
  const dial = async () => {
    const socket = keep(connect({ ...server, noDelay: true }))
    await once(socket, 'connect')
    return socket
  }
  const listener = createServer({ noDelay: true }, (client) => {
    const cancelKey = Buffer.alloc(8)
    cancelKey.writeInt32BE(randomInt(2 ** 31), 0)
    cancelKey.writeInt32BE(randomInt(2 ** 31), 4)
    const id = cancelKey.toString('hex')
    keep(client).once('close', () => sessions.delete(id))
    const session = new WorstPoolerSession(client, {
      dial,
      cancelKey,
      cancel: (key) => sessions.get(key.toString('hex'))?.cancel() ?? Promise.resolve(),
      async secretOf(user) {
        const { rows } = await admin.query<{ secret: string | null }>(
          'select rolpassword as secret from pg_authid where rolname = $1 and rolcanlogin',
          [user],
        )
        return rows[0]?.secret ?? undefined
      },
    })
    sessions.set(id, session)
    session.begin().catch(() => client.destroy())
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    address: { host: '127.0.0.1', port: (listener.address() as AddressInfo).port },
    endSessions,
    async stop() {
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
