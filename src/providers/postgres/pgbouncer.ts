import type { Clock } from '../../lib/clock.ts'
import { failpoint } from '../../lib/failpoint.ts'
import type { Closure, ClosureLog } from '../../model/closure.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import type { Diagnosis } from '../../model/diagnosis.ts'
import { FleetError } from '../../model/errors.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import { addressOfConsole, type ConsoleSession, consoleRefusal, openConsole } from './console-session.ts'
import { diagnosePgbouncer } from './diagnose-pgbouncer.ts'
import { resumeEntry } from './resume-entry.ts'
import type { ResumeGuard } from './resume-guard.ts'

export interface PgbouncerOptions {
  /** Name of the server that they are in front of. */
  readonly server: string
  /** Ways to the admin consoles, one for each process of PgBouncer. */
  readonly consoles: readonly ConnectionDescriptor[]
  /** For how long transactions in progress are waited for, in milliseconds. */
  readonly pauseTimeout: number
  readonly closures: ClosureLog
  readonly guard: ResumeGuard
  readonly clock: Clock
}

/** The PgBouncers in front of one server; there may be none. */
export interface Pgbouncer {
  /**
   * Makes all clients of a database wait, while `use` does what they must not meet. When it begins, no transaction of theirs
   * is in progress, and PgBouncer has left the database. They go on when it has ended, however it did.
   * @throws FleetError CLIENTS_NOT_PAUSED, and then they go on, and `use` was not called; what `use` throws
   */
  hold<T>(database: string, use: () => Promise<T>): Promise<T>
  /** Lets clients go on whom another process has left waiting. @throws FleetError CLIENTS_NOT_PAUSED */
  reopen(closure: Closure): Promise<void>
  diagnose(): Promise<readonly Omit<Diagnosis, 'subject'>[]>
}

const POLL_MS = 10

/** Prepares the use of the PgBouncers in front of a server; connects only when there is something to do. */
export function pgbouncer({ server, consoles, pauseTimeout, closures, guard, clock }: PgbouncerOptions): Pgbouncer {
  async function hold<T>(database: string, use: () => Promise<T>): Promise<T> {
    if (consoles.length === 0) return use()
    const found = (await Promise.all(consoles.map((to) => entriesOf(to, database)))).flat()
    const record = await closures.record(found.map(({ closure }) => closure))
    failpoint('clients.recorded')
    const unwatch = await guard.watch(found.map(({ to, closure: { entry } }) => ({ to, entry })))
    try {
      await settleAll(found.map((it) => pause(it, database)))
      failpoint('clients.paused')
      const result = await use()
      failpoint('clients.waited')
      return result
    } finally {
      const resumed = await Promise.allSettled(found.map(({ to, closure }) => resumeEntry(to, closure.entry, clock)))
      unwatch()
      // By now the work is done, or has failed for a reason of its own: that must be told, not this. The record of what is
      // closed still stays, and whoever finds it goes on here.
      if (resumed.every(({ status }) => status === 'fulfilled')) await record.strikeOut().catch(() => {})
      else record.leave()
    }
  }

  /** Those that lead to the database by configuration, and the one that `*` would make of its name. */
  async function entriesOf(to: ConnectionDescriptor, database: string): Promise<readonly Found[]> {
    const known = await withConsole(to, (it) => it.entries())
    const isTaken = known.some((it) => it.name === database && it.database !== database)
    const names = known.filter((it) => it.database === database).map((it) => it.name)
    const all = new Set(isTaken ? names : [...names, database])
    return [...all].map((entry) => ({ to, closure: { server, database, pooler: addressOfConsole(to), entry } }))
  }

  /**
   * Resolves when the entry is paused and has no connection to the server. PgBouncer's own answer does not tell that: it comes
   * when no pause at all is waited for any more, be it of another database, and also when somebody has resumed the entry.
   */
  async function pause({ to, closure: { entry } }: Found, database: string): Promise<void> {
    const deadline = clock.now().getTime() + pauseTimeout
    await withConsole(to, async (sender) =>
      withConsole(to, async (watcher) => {
        let refused: unknown
        sender.send(`pause ${quoteIdentifier(entry)}`).catch((error: unknown) => {
          refused = error ?? new Error('no reason')
        })
        for (;;) {
          const found = (await watcher.entries()).find((it) => it.name === entry)
          if (found?.paused && found.connections === 0) return
          if (refused !== undefined && isUnknownEntry(refused)) return
          if (refused !== undefined) throw consoleRefusal(watcher.address, messageOf(refused), refused)
          if (clock.now().getTime() > deadline) throw notInTime(watcher.address, database)
          await clock.sleep(POLL_MS)
        }
      }),
    )
  }

  function notInTime(address: string, database: string): FleetError {
    return new FleetError(
      'CLIENTS_NOT_PAUSED',
      `Transactions on database "${database}" through PgBouncer at ${address} did not end within ${pauseTimeout / 1000} s.`,
      {
        remedy:
          'Try again when they are over, or give them longer with `pgbouncer.pauseTimeout`. With pool_mode = session, they last as long as the client is connected.',
      },
    )
  }

  return {
    hold,
    reopen: async ({ pooler, entry }) => {
      const to = consoles.find((it) => addressOfConsole(it) === pooler)
      if (to === undefined) throw consoleRefusal(pooler, `the configuration has none there for server "${server}"`)
      await resumeEntry(to, entry, clock)
    },
    diagnose: async () => (await Promise.all(consoles.map(diagnosePgbouncer))).flat(),
  }
}

interface Found {
  readonly to: ConnectionDescriptor
  readonly closure: Closure
}

/** Waits for all, also when one has failed: a command that is still on its way would come after what takes it back. */
async function settleAll(tasks: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(tasks)).find((it) => it.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** Without `*`, clients cannot come through this PgBouncer to a database that it does not list. */
function isUnknownEntry(refused: unknown): boolean {
  return messageOf(refused).startsWith('no such database')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function withConsole<T>(to: ConnectionDescriptor, use: (it: ConsoleSession) => Promise<T>): Promise<T> {
  const opened = await openConsole(to)
  try {
    return await use(opened)
  } finally {
    await opened.close()
  }
}
