import { FleetError } from '../../model/errors.ts'
import type { Client } from '../../postgres/connect.ts'
import { waitUntil } from '../../postgres/wait-until.ts'

/** How long a session may take to end, in milliseconds. */
const PATIENCE_MS = 5_000

/**
 * Ends all sessions in the database that one is in but one's own and that with the process id `except`, and waits until they have
 * ended; who comes meanwhile is not among them. Those of superusers stay: they are Neon itself, which does not write to a
 * tenant's tables.
 * @throws FleetError DATABASE_IN_USE where one cannot be ended
 */
export async function endSessions(
  client: Client,
  { database, except = 0 }: { readonly database: string; readonly except?: number },
): Promise<void> {
  const { rows } = await client.query<{ pid: number; user: string; may: boolean }>(
    `select a.pid, a.usename::text as user, it.may, case when it.may then pg_terminate_backend(a.pid) end
       from pg_stat_activity a join pg_roles r on r.oid = a.usesysid
      cross join lateral (select pg_has_role(a.usesysid, 'usage') or pg_has_role('pg_signal_backend', 'usage') as may) it
      where a.datname = current_database() and a.pid not in (pg_backend_pid(), $1)
        and a.backend_type = 'client backend' and not r.rolsuper`,
    [except],
  )
  const withstands = rows.find(({ may }) => !may)
  if (withstands !== undefined) throw notEnded(`The session of "${withstands.user}"`, database)
  if (rows.length === 0) return
  // Only these: others may come meanwhile.
  const areGone = {
    text: 'select not exists (select from pg_stat_activity where pid = any ($1) and datname = current_database()) as yes',
    values: [rows.map(({ pid }) => pid)],
  }
  if (!(await waitUntil(client, areGone, PATIENCE_MS))) throw notEnded('A session', database)
}

function notEnded(what: string, database: string): FleetError {
  return new FleetError('DATABASE_IN_USE', `${what} in database "${database}" cannot be ended.`, {
    remedy: 'End it, and try again: what it has written could not be counted.',
  })
}
