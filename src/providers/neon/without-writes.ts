import type { ConnectionDescriptor } from '../../model/connection.ts'
import { FleetError } from '../../model/errors.ts'
import { type Client, withClient } from '../../postgres/connect.ts'
import { SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'
import { endSessions } from './end-sessions.ts'

/** How long transactions that are writing may take to end, in milliseconds. */
const PATIENCE_MS = 5_000

/**
 * Lets nobody write to a database while `use` runs: its tables are locked in SHARE mode, so that writers wait and readers do not.
 * The other sessions are ended then, since what they have written is in the statistics for certain only after that. Nothing of it
 * outlives the connection.
 * @param use is given another connection, which is free of any transaction
 * @throws FleetError TENANT_BUSY where somebody's transaction does not end in time; DATABASE_IN_USE where a session that may have
 *   written cannot be ended; what `use` throws
 */
export async function withoutWrites<T>(to: ConnectionDescriptor, use: (client: Client) => Promise<T>): Promise<T> {
  return withClient(to, { applicationName: 'fleet/fence' }, async (fence) => {
    await lockTables(fence, to.database)
    return withClient(to, { applicationName: 'fleet/restore' }, async (client) => {
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      await endSessions(fence, { database: to.database, except: rows[0]?.pid ?? 0 })
      return use(client)
    })
  })
}

async function lockTables(fence: Client, database: string): Promise<void> {
  await fence.query(`begin; set local lock_timeout = ${PATIENCE_MS}; set local idle_in_transaction_session_timeout = 0`)
  const { rows } = await fence.query<{ tables: string | null }>(
    `select string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by c.oid) as tables
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and (pg_has_role(c.relowner, 'usage') or has_table_privilege(c.oid, 'update'))`,
  )
  const tables = rows[0]?.tables ?? null
  if (tables === null) return
  try {
    await fence.query(`lock table ${tables} in share mode`)
  } catch (error) {
    throw sqlstateOf(error) === SQLSTATE.lockNotAvailable ? busy(database, error) : error
  }
}

function busy(database: string, cause: unknown): FleetError {
  const within = `${PATIENCE_MS / 1000} s`
  return new FleetError(
    'TENANT_BUSY',
    `A transaction that writes to database "${database}" did not end within ${within}.`,
    {
      cause,
    },
  )
}
