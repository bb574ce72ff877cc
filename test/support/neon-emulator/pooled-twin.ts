import type { NetConnectOpts } from 'node:net'
import type { ConnectionDescriptor } from '../../../src/model/connection.ts'
import type { Pool } from '../../../src/postgres/connect.ts'
import { noPgbouncer, startPgbouncer } from '../pgbouncer.ts'
import type { ComputeServer } from './endpoint-proxy.ts'
import { openWorstPooler } from './worst-pooler.ts'

/** A pooler in transaction mode before a server, for all roles and databases that are on it. */
export interface PooledTwin extends ComputeServer {
  stop(): Promise<void>
}

export interface PooledTwinOptions {
  readonly server: ConnectionDescriptor
  /** The server's, for sockets. */
  readonly address: NetConnectOpts
  /** Of the server's superuser. */
  readonly admin: Pool
  readonly endSessions: ComputeServer['endSessions']
  /** Default: PgBouncer where it is installed. */
  readonly kind?: 'pgbouncer' | 'worst'
}

/**
 * Starts a real PgBouncer, or where it is not installed the worst pooler. Both ask the server for the passwords of roles; names are
 * mapped before they are reached.
 */
export async function openPooledTwin({
  server,
  address,
  admin,
  endSessions,
  kind = noPgbouncer === undefined ? 'pgbouncer' : 'worst',
}: PooledTwinOptions): Promise<PooledTwin> {
  if (kind === 'worst') return openWorstPooler({ admin, server: address, endSessions })
  const pgbouncer = await startPgbouncer(server, { poolSize: 20, authQuery: true })
  return {
    address: { host: pgbouncer.console.host, port: pgbouncer.console.port },
    endSessions,
    stop: pgbouncer.stop,
  }
}
