import { type Clock, systemClock } from '../lib/clock.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { FleetError } from '../model/errors.ts'
import { type Client, closeClient, openClient } from '../postgres/connect.ts'
import { SQLSTATE } from '../postgres/sqlstate.ts'
import { ApplyError, applyError } from './apply-error.ts'
import { applyInFrame } from './apply-in-frame.ts'
import { applyInSteps } from './apply-in-steps.ts'
import { cleanSession, type Frame, script } from './frame.ts'
import { readHistory } from './history.ts'
import type { HistoryTables, Migration, MigrationTimeouts } from './migration.ts'
import { findLockHolder, isOurs, isReplaced } from './migration-lock.ts'
import type { OldTransaction } from './run-concurrent-step.ts'

export interface ApplySessionOptions {
  readonly connection: ConnectionDescriptor
  /** `fleet/<rollout>/<tenant>/<attempt>`: by it a successor recognises a backend of ours. */
  readonly applicationName: string
  readonly tables: HistoryTables
  /** Taken by SET ROLE before each frame; null: stay. */
  readonly ownerRole: string | null
  readonly timeouts: MigrationTimeouts
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

  constructor(options: ApplySessionOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  now(): number {
    return this.#clock.now().getTime()
  }

  async apply(migration: Migration, expected: readonly string[], { last }: { last: boolean }): Promise<void> {
    const { tables, ownerRole, timeouts, connection, onWaitingFor } = this.#options
    const frame: Frame = { migration: migration.name, expected, tables, ownerRole, timeouts, last }
    const client = await this.#connect()
    if (migration.transaction) return applyInFrame(client, migration, frame)
    const cancel = async () => {
      const other = await openClient(connection, { applicationName: `${this.#options.applicationName}/cancel` })
      await other.query('select pg_cancel_backend($1)', [this.#pid]).finally(() => closeClient(other))
    }
    return applyInSteps(client, migration, {
      frame,
      timeout: timeouts.concurrent,
      clock: this.#clock,
      cancel,
      onWaitingFor,
    })
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
      while ((await findLockHolder(await this.#connect()))?.pid === lost) await this.waitForOurs(since)
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
      await client.query('select pg_terminate_backend($1)', [holder.pid])
    } else if (overdue || (holder !== undefined && !isOurs(holder))) {
      const who = holder === undefined ? 'by turns' : `by backend ${holder.pid} ("${holder.applicationName}")`
      throw new ApplyError('lock', `The migration lock is held ${who}.`, { cause: busy() })
    }
    await this.#clock.sleep(100)
  }

  async close(): Promise<void> {
    if (this.#client) await closeClient(this.#client)
    this.#client = undefined
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

function busy(): Error {
  return Object.assign(new Error('busy'), { code: SQLSTATE.busy })
}
