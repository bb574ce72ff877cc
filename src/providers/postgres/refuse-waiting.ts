import type { Clock } from '../../lib/clock.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'
import { becomeMemberOf } from './become-member-of.ts'

/** A login that waits for so long is a blink to its client; from then on it holds a place of `max_connections` for nothing. */
const PATIENCE_MS = 2_000
const TICK_MS = 100

/**
 * While a command holds logins to a database back, refuses those that wait (57P01) once it has held the first for 2 s, and every
 * later one at once: a pool that keeps knocking does not fill the server for its neighbours, and its clients hear that
 * nobody is there. Nothing is closed for that, so nothing has to be opened again, whoever dies.
 * @param client a connection of ours that has time, to another database
 * @returns how to end it
 */
export function refuseWaiting(
  client: ClientBase,
  { database, clock }: { readonly database: string; readonly clock: Clock },
): () => void {
  const since = clock.now().getTime()
  let isBusy = false
  const stop = clock.every(TICK_MS, () => {
    if (isBusy || clock.now().getTime() - since < PATIENCE_MS) return
    isBusy = true
    endWaiting(client, database).then(
      () => {
        isBusy = false
      },
      // Whose sessions we may not end goes on waiting; it is a courtesy, and no reason to fail.
      stop,
    )
  })
  return stop
}

async function endWaiting(client: ClientBase, database: string): Promise<void> {
  try {
    await terminate(client, database)
  } catch (error) {
    if (sqlstateOf(error) !== SQLSTATE.insufficientPrivilege) throw error
    await becomeMemberOf(client, database)
    await terminate(client, database)
  }
}

/** Only a login asks for this lock on a database; until it has it, it is in none, and before PostgreSQL 18 in no view but this. */
async function terminate(client: ClientBase, database: string): Promise<void> {
  await client.query(
    `select pg_terminate_backend(l.pid)
       from pg_locks l join pg_database d on d.oid = l.objid left join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'object' and l.classid = 'pg_database'::regclass and d.datname = $1
        and l.mode = 'RowExclusiveLock' and not l.granted
        and a.datid is null and a.backend_type is distinct from 'autovacuum worker'`,
    [database],
  )
}
