import pLimit from 'p-limit'
import type { Clock } from '../../lib/clock.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import { COPIES_AT_ONCE, MOST_COPIES_AT_ONCE } from '../../model/copies-at-once.ts'
import { FleetError } from '../../model/errors.ts'
import { type ClientBase, connectionRefusal, openPool, type Pool } from '../../postgres/connect.ts'
import { classifySqlstate, SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'
import type { CopySettings } from './copy-settings.ts'
import type { DumpSettings } from './dump-programs.ts'
import type { Pgbouncer } from './pgbouncer.ts'

/** A server as its admin sees it: a few connections to the maintenance database, opened when they are needed. */
export interface AdminServer {
  readonly name: string
  readonly admin: ConnectionDescriptor
  /** What its clients may come through. */
  readonly pgbouncer: Pgbouncer
  /** Which tenants are dumped rather than copied by the server; undefined: none. */
  readonly dump: DumpSettings | undefined
  /** How many operations are running or waiting for a connection. */
  readonly load: number
  /**
   * Lends a connection. What may pass by itself (a lost connection, a template in use) is tried again from the start,
   * so `use` must bear repetition.
   * @throws FleetError SERVER_UNREACHABLE, AUTHENTICATION_FAILED, RIGHT_MISSING, DATABASE_IN_USE
   */
  run<T>(use: (client: ClientBase) => Promise<T>): Promise<T>
  /** As `run`, for what copies a tenant: of those fewer run at once, and more wait. */
  copy<T>(use: (client: ClientBase) => Promise<T>): Promise<T>
  /** Closes the connections; the next `run` opens new ones. */
  close(): Promise<void>
}

/** Every operation counts, so that this is the number of connections, too. */
const AT_ONCE = MOST_COPIES_AT_ONCE
const TRIES = 4
const FIRST_PAUSE_MS = 100

/** Prepares the connections to one server; none is opened yet. */
export function adminServer({
  name,
  admin,
  pgbouncer,
  copies: { atOnce = COPIES_AT_ONCE, dump },
  clock,
}: {
  name: string
  admin: ConnectionDescriptor
  pgbouncer: Pgbouncer
  copies: CopySettings
  clock: Clock
}): AdminServer {
  const limit = pLimit(AT_ONCE)
  const copying = pLimit(atOnce)
  let pool: Pool | undefined

  async function lend<T>(use: (client: ClientBase) => Promise<T>): Promise<T> {
    pool ??= openAdminPool(admin)
    const client = await pool.connect()
    try {
      const result = await use(client)
      client.release()
      return result
    } catch (error) {
      // Whatever the session still holds (settings, a lock) goes with it.
      client.release(true)
      throw error
    }
  }

  async function lendAgain<T>(use: (client: ClientBase) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await lend(use)
      } catch (error) {
        if (attempt === TRIES || !mayPass(error)) throw refusal(error, name, admin)
        await clock.sleep(FIRST_PAUSE_MS * 3 ** (attempt - 1) * (0.75 + Math.random() / 2))
      }
    }
  }

  return {
    name,
    admin,
    pgbouncer,
    dump,
    get load() {
      return limit.activeCount + limit.pendingCount + copying.pendingCount
    },
    run: (use) => limit(() => lendAgain(use)),
    copy: (use) => copying(() => limit(() => lendAgain(use))),
    close: async () => {
      const open = pool
      pool = undefined
      await open?.end()
    },
  }
}

/** Copying and dropping take what they take: a limit meant for the admin's own queries must not end them. */
function openAdminPool(admin: ConnectionDescriptor): Pool {
  const pool = openPool(admin, { applicationName: 'fleet/admin', max: AT_ONCE })
  pool.on('connect', (client) => {
    // A failure here is a lost connection, which the query that waits behind this one reports.
    client.query('set statement_timeout = 0; set lock_timeout = 0').catch(() => {})
  })
  return pool
}

/** XX000 is what two sessions get that change one row of a system table at the same time ("tuple concurrently updated"). */
function mayPass(error: unknown): boolean {
  const sqlstate = error instanceof FleetError ? undefined : sqlstateOf(error)
  return sqlstate !== undefined && (sqlstate === SQLSTATE.internalError || classifySqlstate(sqlstate) === 'error')
}

function refusal(error: unknown, server: string, admin: ConnectionDescriptor): unknown {
  if (error instanceof FleetError || !(error instanceof Error)) return error
  const sqlstate = sqlstateOf(error)
  if (sqlstate === SQLSTATE.insufficientPrivilege) {
    return new FleetError(
      'RIGHT_MISSING',
      `Admin "${admin.user}" of server "${server}" lacks a right: ${error.message}.`,
      {
        cause: error,
        remedy: 'Run `fleet doctor`: it prints the GRANT that is missing.',
      },
    )
  }
  if (sqlstate === SQLSTATE.objectInUse) {
    return new FleetError('DATABASE_IN_USE', `On server "${server}": ${error.message}.`, { cause: error })
  }
  return connectionRefusal(error, admin)
}
