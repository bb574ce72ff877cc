import type { Clock } from '../../lib/clock.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import { type Client, type ClientBase, closeClient, openClient } from '../../postgres/connect.ts'
import { SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'
import { lockMigrations } from '../lock-migrations.ts'
import { endNaps, letBeWoken, letSleep } from './end-naps.ts'
import { endSessions } from './end-sessions.ts'
import type { Pgbouncer } from './pgbouncer.ts'
import { refuseWaiting } from './refuse-waiting.ts'

/** For how long CREATE and ALTER DATABASE wait until others have left: 50 looks, 100 ms apart (`CountOtherDBBackends`, procarray.c). */
const COMMAND_WAITS_MS = 5_000

export interface FenceOptions {
  /** The admin's way to the maintenance database. */
  readonly admin: ConnectionDescriptor
  readonly pgbouncer: Pgbouncer
  readonly database: string
  readonly clock: Clock
  /**
   * Sends the command that copies or renames the database. From its start the server lets nobody in, and it waits, for up
   * to 5 s, until those who are in have left. Sent again where that was cut short.
   */
  readonly change: () => Promise<void>
  /**
   * Called over a connection of ours when all others have ended, and before the change happens; again when the command is
   * sent again. Throws to prevent it.
   */
  readonly inside: (own: Client) => Promise<void>
}

/**
 * Changes a database that nobody else is in. Nothing is closed for that, so a process that dies leaves it open: the command
 * itself holds new sessions back. They wait until it is done, or until it has taken 2 s: from then on they are refused. The
 * tenant's migration lock is taken first, and ours is the last session to leave. Who comes through PgBouncer is made to wait
 * meanwhile, however long that is, and notices nothing else.
 * @param client the connection to the maintenance database that `change` uses
 * @returns for how long the command held the others back, in milliseconds
 * @throws FleetError TENANT_BUSY while it is being migrated, CLIENTS_NOT_PAUSED; what `change` and `inside` throw
 */
export async function changeFenced(client: ClientBase, options: FenceOptions): Promise<number> {
  await letBeWoken(client)
  const since = options.clock.now().getTime()
  try {
    return await changeOnce(client, options)
  } catch (error) {
    const waited = options.clock.now().getTime() - since
    if (sqlstateOf(error) !== SQLSTATE.objectInUse || waited >= COMMAND_WAITS_MS) throw error
  } finally {
    await letSleep(client)
  }
  // It has looked 50 times before its 5 s were over: whoever else notifies somebody here has woken it, too.
  return changeOnce(client, options)
}

async function changeOnce(client: ClientBase, options: FenceOptions): Promise<number> {
  const { admin, pgbouncer, database, clock, change, inside } = options
  const applicationName = 'fleet/fence'
  const opening = [
    openClient({ ...admin, database }, { applicationName }),
    openClient(admin, { applicationName }),
  ] as const
  const [own, second] = await Promise.all(opening).catch(async (error: unknown) => {
    await Promise.all(opening.map((it) => it.then(closeClient, () => {})))
    throw error
  })
  try {
    await lockMigrations(own, database)
    const changer = await pidOf(client)
    const except = await pidOf(own)
    return await pgbouncer.hold(database, () => fence({ own, second, changer, except }))
  } finally {
    await Promise.all([closeClient(own), closeClient(second)])
  }

  async function fence({ own, second, changer, except }: Sessions): Promise<number> {
    const over = new AbortController()
    const since = clock.now().getTime()
    const changing = change().finally(() => {
      over.abort()
    })
    // It is awaited below; until then its failure must not end the process.
    changing.catch(() => {})
    const stopRefusing = refuseWaiting(second, { database, clock })
    try {
      while (!over.signal.aborted && !(await holdsDatabase(second, changer, database))) await clock.sleep(5)
      // Over by now is only a change that failed: as long as our own session is in, none can come to its end.
      if (!over.signal.aborted) {
        await endSessions(second, database, { except })
        await inside(own)
      }
      await closeClient(own)
      // Without it the change only takes longer: it alone says how it ended.
      await Promise.all([changing, endNaps(second, over.signal).catch(() => {})])
      return clock.now().getTime() - since
    } catch (error) {
      if (!over.signal.aborted) await second.query('select pg_cancel_backend($1)', [changer]).catch(() => {})
      await closeClient(own)
      await changing.catch(() => {})
      throw error
    } finally {
      stopRefusing()
    }
  }
}

interface Sessions {
  /** In the database itself. */
  readonly own: Client
  /** In the maintenance database; ends the others. */
  readonly second: Client
  /** The backend that sends the command. */
  readonly changer: number
  /** The backend of `own`. */
  readonly except: number
}

async function pidOf(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid ?? 0
}

/** Says whether a backend has locked the database: from then on new sessions wait. */
async function holdsDatabase(client: Client, pid: number, database: string): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>(
    `select exists (
       select from pg_locks l join pg_database d on d.oid = l.objid
       where l.pid = $1 and l.locktype = 'object' and l.classid = 'pg_database'::regclass and l.granted
         and l.mode in ('ShareLock', 'AccessExclusiveLock') and d.datname = $2) as held`,
    [pid, database],
  )
  return rows[0]?.held === true
}
