import type { ConnectionDescriptor } from '../../../src/model/connection.ts'
import { noPgbouncer, startPgbouncer } from '../pgbouncer.ts'
import type { ComputeServer } from './endpoint-proxy.ts'

/** A pooler in transaction mode before a server, for all roles and databases that are on it. */
export interface PooledTwin extends ComputeServer {
  stop(): Promise<void>
}

/**
 * Starts a real PgBouncer, which asks the server for the passwords of roles. Names are mapped before it is reached.
 * @throws Error where PgBouncer is not installed
 */
export async function openPooledTwin(
  server: ConnectionDescriptor,
  endSessions: ComputeServer['endSessions'],
): Promise<PooledTwin> {
  if (noPgbouncer !== undefined) throw new Error(noPgbouncer)
  const pgbouncer = await startPgbouncer(server, { poolSize: 20, authQuery: true })
  return {
    address: { host: pgbouncer.console.host, port: pgbouncer.console.port },
    endSessions,
    stop: pgbouncer.stop,
  }
}
