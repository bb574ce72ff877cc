import { FleetError } from '../../model/errors.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import { SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'
import { waitUntil } from '../../postgres/wait-until.ts'
import { readAdminRights } from './admin-rights.ts'
import { becomeMemberOf } from './become-member-of.ts'

/** Sessions without a user are the server's own (autovacuum): it ends them itself when a database is dropped. */
const OTHERS = `a.datname = $1 and a.pid <> pg_backend_pid() and a.pid <> $2 and a.usesysid is not null`
const PATIENCE_MS = 5_000

/**
 * Ends the sessions in a database that lets nobody in, but for the backend `except`, and waits until they are gone.
 * @throws FleetError RIGHT_MISSING when the admin may not end one of them
 */
export async function endSessions(
  client: ClientBase,
  database: string,
  { except = 0 }: { readonly except?: number } = {},
): Promise<void> {
  const { rows } = await client.query<{ user: string; superuser: boolean }>(
    `select distinct u.rolname as user, u.rolsuper as superuser
       from pg_stat_activity a join pg_roles u on u.oid = a.usesysid where ${OTHERS}`,
    [database, except],
  )
  if (rows.length === 0) return
  if (rows.some((it) => it.user === database)) await becomeMemberOf(client, database)
  try {
    await client.query(`select pg_terminate_backend(a.pid) from pg_stat_activity a where ${OTHERS}`, [database, except])
  } catch (error) {
    if (sqlstateOf(error) !== SQLSTATE.insufficientPrivilege) throw error
    throw await sessionRefusal(client, { database, users: rows, cause: error })
  }
  // With a patience of its own, `pg_terminate_backend` would wait for one after the other, and look every 100 ms.
  const areGone = `select not exists (select from pg_stat_activity a where ${OTHERS}) as yes`
  await waitUntil(client, { text: areGone, values: [database, except] }, PATIENCE_MS)
}

async function sessionRefusal(
  client: ClientBase,
  {
    database,
    users,
    cause,
  }: { database: string; users: readonly { user: string; superuser: boolean }[]; cause: unknown },
): Promise<FleetError> {
  const { user: admin } = await readAdminRights(client)
  const superuser = users.find((it) => it.superuser)
  const whose = users.map((it) => `"${it.user}"`).join(', ')
  return new FleetError(
    'RIGHT_MISSING',
    `Admin "${admin}" may not end the sessions of ${whose} in database "${database}".`,
    {
      cause,
      remedy: superuser
        ? `Run as a superuser, whose sessions nobody else can end: SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ${quoteLiteral(database)};`
        : `Run as a superuser: GRANT pg_signal_backend TO ${quoteIdentifier(admin)};`,
    },
  )
}
