import type { CompiledQuery, KyselyPlugin } from 'kysely'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { FleetError } from '../model/errors.ts'
import type { TransactionMode } from '../model/rollout.ts'
import { type Client, closeClient, openClient } from '../postgres/connect.ts'
import { SQLSTATE } from '../postgres/sqlstate.ts'
import { applyByReplay } from './apply-by-replay.ts'
import { ApplyError, applyError, refusal } from './apply-error.ts'
import { applyInFrame } from './apply-in-frame.ts'
import { applyInSteps } from './apply-in-steps.ts'
import type { CompiledMigration } from './compile/compiled-migration.ts'
import { cleanSession, type Frame, type OpenFrame, openFrame, script } from './frame.ts'
import { readHistory } from './history.ts'
import type { HistoryTables, Migration, MigrationTimeouts } from './migration.ts'
import { findLockHolder, isOurs, isReplaced, type LockHolder } from './migration-lock.ts'
import type { OldTransaction } from './run-concurrent-step.ts'
import { transactionGroups } from './transaction-groups.ts'

export interface ApplySessionOptions {
  readonly connection: ConnectionDescriptor
  /** `fleet/<rollout>/<tenant>/<attempt>`: by it a successor recognises a backend of ours. */
  readonly applicationName: string
  readonly tables: HistoryTables
  /** Taken by SET ROLE before each frame; null: stay. */
  readonly ownerRole: string | null
  readonly timeouts: MigrationTimeouts
  /** Whether each migration has a transaction of its own, the default, or all that a tenant lacks share one. */
  readonly transactionMode?: TransactionMode
  /** Those that migrations run with when they run live. Default none. */
  readonly plugins?: readonly KyselyPlugin[]
  /** What may be sent as recorded, by name; the rest runs live. */
  readonly recorded?: ReadonlyMap<string, CompiledMigration>
  /** Told what a live migration sent, in order, once that is committed. */
  readonly onSent?: ((migration: string, sent: readonly CompiledQuery[]) => void) | undefined
  /** How long to wait for a backend of ours that holds the lock, in milliseconds. Default 5 s. */
  readonly waitForOurs?: number
  readonly clock?: Clock
  /** Called once connected, so that whoever must end it at once knows the backend. */
  readonly onConnected?: (backend: { pid: number }) => void
  /** Called before a step outside a transaction that will have to wait for transactions older than a minute. */
  readonly onWaitingFor?: (transactions: readonly OldTransaction[]) => void
}

/** A history, in order, and whether it was read from the database itself. */
export interface ExpectedHistory {
  readonly history: readonly string[]
  readonly read: boolean
}

/** One connection, opened when first needed and again after it was lost. */
export class ApplySession {
  readonly #options: ApplySessionOptions
  readonly #clock: Clock
  #client: Client | undefined
  #pid = 0
  /** The frame of the migration that comes next, where the message that closed the last one has opened it. */
  #opened: OpenFrame | undefined

  constructor(options: ApplySessionOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  now(): number {
    return this.#clock.now().getTime()
  }

  /**
   * Applies the first of the pending migrations: as one message as many as are recorded and can share one, else those of
   * one transaction live. Tells of each as it is committed.
   */
  async applyNext(
    pending: readonly Migration[],
    expected: ExpectedHistory,
    onCommitted: (migration: string) => void,
  ): Promise<void> {
    const groups = transactionGroups(pending, this.#options.transactionMode ?? 'per-migration')
    const next = groups.findIndex((group) => !group.every((it) => this.#recordingOf(it)))
    const recorded = next < 0 ? groups : groups.slice(0, next)
    if (recorded.length > 0) return this.#replay(recorded, groups.length > recorded.length, expected, onCommitted)
    const [group, ...after] = groups
    if (group === undefined) return
    await this.#applyLive(group, after, expected)
    for (const { name } of group) onCommitted(name)
  }

  /** Takes these migrations back, newest first, in one transaction and as one message; their `down` is what is recorded of them. */
  async takeBack(
    recorded: readonly CompiledMigration[],
    { history, read }: ExpectedHistory,
    onCommitted: (migration: string) => void,
  ): Promise<void> {
    const { tables, ownerRole, timeouts } = this.#options
    const migrations = recorded.map(({ migration }) => migration)
    const of = { expected: history, historyRead: read, tables, ownerRole, timeouts, last: true }
    const frame: Frame = { migrations, takesBack: true, ...of }
    await applyByReplay(await this.#connect(), [{ frame, migrations: recorded }], onCommitted)
  }

  async #replay(
    groups: readonly (readonly Migration[])[],
    isMore: boolean,
    expected: ExpectedHistory,
    onCommitted: (migration: string) => void,
  ): Promise<void> {
    const client = await this.#connect()
    const frames = groups.map((group, index) => {
      const before = groups.slice(0, index).flat()
      const last = !isMore && index === groups.length - 1
      return {
        frame: this.#frame(group, last, following(expected, before)),
        migrations: group.flatMap((it) => this.#recordingOf(it) ?? []),
      }
    })
    await applyByReplay(client, frames, onCommitted)
  }

  async #applyLive(
    group: readonly Migration[],
    after: readonly (readonly Migration[])[],
    expected: ExpectedHistory,
  ): Promise<void> {
    const { timeouts, plugins = [], onWaitingFor, onSent } = this.#options
    const client = await this.#connect()
    const open = this.#opened ?? (await openFrame(client, this.#frame(group, after.length === 0, expected)))
    const [next, ...rest] = after
    const isLive = next !== undefined && !next.every((it) => this.#recordingOf(it))
    const nextFrame = isLive ? this.#frame(next, rest.length === 0, following(expected, group)) : undefined
    this.#opened = undefined
    const [steps] = group.filter(({ transaction }) => !transaction)
    if (steps === undefined) {
      const sent = new Map(group.map(({ name }): [string, CompiledQuery[]] => [name, []]))
      this.#opened = await applyInFrame(client, group, open, {
        next: nextFrame,
        plugins,
        onSending: (migration, query) => sent.get(migration)?.push(query),
      })
      for (const [migration, queries] of sent) onSent?.(migration, queries)
    } else {
      this.#opened = await applyInSteps(client, steps, open, {
        next: nextFrame,
        plugins,
        timeout: timeouts.concurrent,
        clock: this.#clock,
        cancel: () => this.#cancel(),
        onWaitingFor,
      })
    }
  }

  /** Steps outside a transaction go one by one, with a journal between them: no message can carry them. */
  #recordingOf({ name, transaction }: Migration): CompiledMigration | undefined {
    return transaction ? this.#options.recorded?.get(name) : undefined
  }

  async readHistory(): Promise<readonly string[]> {
    const { ownerRole, tables } = this.#options
    const client = await this.#connect()
    try {
      await client.query(script(cleanSession(ownerRole)))
      return await readHistory(client, tables)
    } catch (error) {
      throw error instanceof FleetError
        ? new ApplyError('history', error.message, { cause: error })
        : applyError('history', error)
    }
  }

  /**
   * Reads the history once the lost backend has ended: until then its COMMIT may still come.
   * @throws the loss itself when the database cannot be reached again; a busy error when the backend does not end
   */
  async readHistoryAfterLoss(loss: ApplyError): Promise<readonly string[]> {
    const lost = this.#pid
    const since = this.now()
    await this.close()
    try {
      for (;;) {
        const holder = await findLockHolder(await this.#connect())
        if (holder?.pid !== lost) break
        // It has committed, or never will: what it waits for is our next message.
        if (holder.idle) await this.#end(holder)
        await this.waitForOurs(since)
      }
      return await this.readHistory()
    } catch (error) {
      throw error instanceof ApplyError && !error.connectionLost && error.phase !== 'connect' ? error : loss
    }
  }

  /**
   * Returns after a moment if the lock is held by a backend of ours, or by nobody any more. One that our attempt has
   * replaced and that does not end by itself is ended: its process may be stopped, and hold the lock for ever.
   * @throws ApplyError busy, naming the holder, when it is somebody else or the time is over
   */
  async waitForOurs(since: number): Promise<void> {
    const { waitForOurs = 5_000, applicationName } = this.#options
    const client = await this.#connect()
    const holder = await findLockHolder(client)
    const overdue = this.now() - since >= waitForOurs
    if (overdue && holder !== undefined && isReplaced(holder, applicationName)) {
      await this.#end(holder)
    } else if (overdue || (holder !== undefined && !isOurs(holder))) {
      const who = holder === undefined ? 'by turns' : `by backend ${holder.pid} ("${holder.applicationName}")`
      throw refusal('lock', SQLSTATE.busy, `The migration lock is held ${who}.`)
    }
    await this.#clock.sleep(100)
  }

  async close(): Promise<void> {
    if (this.#client) await closeClient(this.#client)
    this.#client = undefined
    this.#opened = undefined
  }

  #frame(group: readonly Migration[], last: boolean, { history, read }: ExpectedHistory): Frame {
    const { tables, ownerRole, timeouts } = this.#options
    return { migrations: namesOf(group), expected: history, historyRead: read, tables, ownerRole, timeouts, last }
  }

  async #cancel(): Promise<void> {
    const { connection, applicationName } = this.#options
    const other = await openClient(connection, { applicationName: `${applicationName}/cancel` })
    await other.query('select pg_cancel_backend($1)', [this.#pid]).finally(() => closeClient(other))
  }

  /** As who connected: the owner role, which an earlier frame may have taken, has no right to end its backends. */
  async #end({ pid }: LockHolder): Promise<void> {
    const client = await this.#connect()
    await client.query(script([...cleanSession(null), `select pg_terminate_backend(${pid})`]))
  }

  async #connect(): Promise<Client> {
    if (this.#client) return this.#client
    const { connection, applicationName, onConnected } = this.#options
    try {
      this.#client = await openClient(connection, { applicationName })
      // Known from the connection's start; the driver does not document it, and asking would be one more round trip.
      this.#pid = Number(Reflect.get(this.#client, 'processID'))
    } catch (error) {
      throw applyError('connect', error)
    }
    onConnected?.({ pid: this.#pid })
    return this.#client
  }
}

function following({ history, read }: ExpectedHistory, applied: readonly Migration[]): ExpectedHistory {
  return { history: [...history, ...namesOf(applied)], read }
}

function namesOf(migrations: readonly Migration[]): readonly string[] {
  return migrations.map(({ name }) => name)
}
