import type { CompiledQuery, KyselyPlugin } from 'kysely'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { FleetError } from '../model/errors.ts'
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

export interface ApplySessionOptions {
  readonly connection: ConnectionDescriptor
  /** `fleet/<rollout>/<tenant>/<attempt>`: by it a successor recognises a backend of ours. */
  readonly applicationName: string
  readonly tables: HistoryTables
  /** Taken by SET ROLE before each frame; null: stay. */
  readonly ownerRole: string | null
  readonly timeouts: MigrationTimeouts
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
   * Applies the first of the pending migrations: as one message as many as are recorded and can share one, else one live.
   * Tells of each as it is committed.
   */
  async applyNext(
    pending: readonly Migration[],
    expected: readonly string[],
    onCommitted: (migration: string) => void,
  ): Promise<void> {
    const next = pending.findIndex((it) => this.#recordingOf(it) === undefined)
    const recorded = next < 0 ? pending : pending.slice(0, next)
    const after = pending.slice(recorded.length)
    if (recorded.length > 0) return this.#replay(recorded, after, expected, onCommitted)
    const [migration, ...rest] = after
    if (migration === undefined) return
    await this.#applyLive(migration, rest, expected)
    onCommitted(migration.name)
  }

  async #replay(
    migrations: readonly Migration[],
    after: readonly Migration[],
    expected: readonly string[],
    onCommitted: (migration: string) => void,
  ): Promise<void> {
    const client = await this.#connect()
    const framed = migrations.flatMap((migration, index) => {
      const compiled = this.#recordingOf(migration)
      const rest = [...migrations.slice(index + 1), ...after]
      const before = [...expected, ...migrations.slice(0, index).map(({ name }) => name)]
      return compiled === undefined ? [] : { frame: this.#frame(migration, rest, before), compiled }
    })
    await applyByReplay(client, framed, onCommitted)
  }

  async #applyLive(migration: Migration, after: readonly Migration[], expected: readonly string[]): Promise<void> {
    const { timeouts, plugins = [], onWaitingFor, onSent } = this.#options
    const client = await this.#connect()
    const sent: CompiledQuery[] = []
    const open = this.#opened ?? (await openFrame(client, this.#frame(migration, after, expected)))
    const [next, ...rest] = after
    const isLive = next !== undefined && this.#recordingOf(next) === undefined
    const nextFrame = isLive ? this.#frame(next, rest, [...expected, migration.name]) : undefined
    this.#opened = undefined
    this.#opened = migration.transaction
      ? await applyInFrame(client, migration, open, {
          next: nextFrame,
          plugins,
          onSending: (query) => sent.push(query),
        })
      : await applyInSteps(client, migration, open, {
          next: nextFrame,
          plugins,
          timeout: timeouts.concurrent,
          clock: this.#clock,
          cancel: () => this.#cancel(),
          onWaitingFor,
        })
    onSent?.(migration.name, sent)
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

  #frame({ name }: Migration, after: readonly Migration[], expected: readonly string[]): Frame {
    const { tables, ownerRole, timeouts } = this.#options
    return { migration: name, expected, tables, ownerRole, timeouts, last: after.length === 0 }
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
