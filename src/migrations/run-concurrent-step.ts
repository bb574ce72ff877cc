import type { CompiledQuery } from 'kysely'
import type { Clock } from '../lib/clock.ts'
import { type Client, closeClient } from '../postgres/connect.ts'
import { SQLSTATE, sqlstateOf } from '../postgres/sqlstate.ts'
import { ApplyError, applyError } from './apply-error.ts'
import { parseConcurrentIndex } from './concurrent-index.ts'
import { indexStands } from './index-stands.ts'
import { type SentResult, sendWith } from './live-connection.ts'

/** A transaction that a step outside a transaction has to wait for. */
export interface OldTransaction {
  readonly pid: number
  /** How long it has been open, in seconds. */
  readonly age: number
  /** The beginning of its last statement. */
  readonly query: string
}

export interface ConcurrentStepOptions {
  /** How long the step may take, in milliseconds. */
  readonly timeout: number
  readonly clock: Clock
  /** Cancels what the connection runs, from another one. */
  readonly cancel: () => Promise<void>
  readonly onWaitingFor: ((transactions: readonly OldTransaction[]) => void) | undefined
}

/**
 * Runs a statement that cannot run in a transaction. It has no place to record that it is done, so what stands is
 * looked at instead: a valid index of the same definition is the step done, an invalid one is what a crash left.
 * @param options.again whether an earlier try had begun it
 * @throws ApplyError with phase `concurrent-step`
 */
export async function runConcurrentStep(
  client: Client,
  query: CompiledQuery,
  { again, ...options }: ConcurrentStepOptions & { again: boolean },
): Promise<SentResult> {
  const index = parseConcurrentIndex(query.sql)
  try {
    await reportOldTransactions(client, options)
    if (index !== undefined && (await indexStands(client, index))) return {}
    return await bounded(client, () => sendWith(client)(query), options)
  } catch (error) {
    const gone = again && sqlstateOf(error) === SQLSTATE.undefinedObject && /^\s*drop\s/i.test(query.sql)
    if (gone) return {}
    throw applyError('concurrent-step', error, query.sql)
  }
}

async function reportOldTransactions(client: Client, { onWaitingFor }: ConcurrentStepOptions): Promise<void> {
  if (onWaitingFor === undefined) return
  const { rows } = await client.query<OldTransaction>(`
    select pid, extract(epoch from clock_timestamp() - xact_start)::int as age,
      left(regexp_replace(query, '\\s+', ' ', 'g'), 200) as query
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and xact_start < clock_timestamp() - interval '1 minute'
    order by xact_start`)
  if (rows.length > 0) onWaitingFor(rows)
}

async function bounded<T>(client: Client, run: () => Promise<T>, options: ConcurrentStepOptions): Promise<T> {
  const { timeout, clock, cancel } = options
  const done = new AbortController()
  let overdue = false
  const watch = clock.sleep(timeout, done.signal).then(async () => {
    if (done.signal.aborted) return
    overdue = true
    // When it cannot be cancelled, ending the connection makes the server notice within its check interval.
    await cancel().catch(() => closeClient(client))
  })
  try {
    return await run()
  } catch (error) {
    throw overdue ? tookTooLong(timeout, error) : error
  } finally {
    done.abort()
    await watch
  }
}

function tookTooLong(timeout: number, error: unknown): ApplyError {
  const message = `The step took longer than concurrentTimeout (${timeout} ms) and was cancelled.`
  // Also where the cancel ended the connection: it is our limit, not an error that may pass by itself.
  const cause = Object.assign(new Error(message, { cause: error }), { code: SQLSTATE.queryCanceled })
  return new ApplyError('concurrent-step', message, { cause })
}
