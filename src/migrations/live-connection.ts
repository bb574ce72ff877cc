import { setImmediate } from 'node:timers'
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import type { Client } from '../postgres/connect.ts'
import { SQLSTATE, sqlstateOf } from '../postgres/sqlstate.ts'
import { ApplyError, type FailedStatement } from './apply-error.ts'

/** How a statement of a migration is sent. */
export type Send = (query: CompiledQuery) => Promise<SentResult>

/** What node-postgres answers; for a text of several statements an array, which Kysely takes for no rows. */
export interface SentResult {
  readonly command?: string
  readonly rowCount?: number | null
  readonly rows?: unknown[]
}

/**
 * Passes the statements of one migration on while it runs, and not a moment longer: a query that nobody awaited must
 * not run in what comes after it.
 */
export class LiveConnection implements DatabaseConnection {
  readonly #send: Send
  readonly #running = new Map<Promise<unknown>, string>()
  #closed = false
  /** The last statement that failed, and how: what a migration throws may be something else. */
  lastFailure: FailedStatement | undefined

  constructor(send: Send) {
    this.#send = send
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#closed) return never()
    const sent = this.#send(query)
    this.#running.set(sent, query.sql)
    try {
      return resultOf(await sent)
    } catch (error) {
      // Once the transaction is aborted every statement fails with only that.
      if (sqlstateOf(error) !== SQLSTATE.abortedTransaction) this.lastFailure = { error, statement: query.sql }
      // Nobody listens any more: a rejection would end the process.
      if (this.#closed) return never()
      throw error
    } finally {
      this.#running.delete(sent)
    }
  }

  // biome-ignore lint/correctness/useYield: it is the refusal of what needs a cursor, as in Kysely without one
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('A migration cannot stream a query; read it in portions.')
  }

  /**
   * Closes after `up` has returned.
   * @throws ApplyError when queries of it still ran: what it does after them cannot be known
   */
  async finish(): Promise<void> {
    const unawaited = await this.close()
    if (unawaited !== undefined) throw new ApplyError('statement', NOT_AWAITED, { statement: unawaited })
  }

  /** Takes no more queries, waits for those that run, and returns the first of them. */
  async close(): Promise<string | undefined> {
    // What was called but not awaited reaches us some microtasks later.
    await new Promise((resolve) => setImmediate(resolve))
    this.#closed = true
    const [unawaited] = this.#running.values()
    await Promise.allSettled(this.#running.keys())
    return unawaited
  }
}

const NOT_AWAITED = 'up() returned before its queries had finished: an `await` is missing.'

/** Sends a statement as Kysely's own driver does. */
export function sendWith(client: Client): Send {
  return ({ sql, parameters }) => client.query(sql, [...parameters])
}

function resultOf<R>({ command = '', rowCount, rows }: SentResult): QueryResult<R> {
  const affects = ['INSERT', 'UPDATE', 'DELETE', 'MERGE'].includes(command)
  return { ...(affects ? { numAffectedRows: BigInt(rowCount ?? 0) } : {}), rows: (rows ?? []) as R[] }
}

function never<T>(): Promise<T> {
  return new Promise(() => {})
}
