import { nextTick } from 'node:process'
import { setImmediate } from 'node:timers'
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import type { DynamicReason } from '../../model/assessment.ts'
import { prepareValue } from '../../postgres/prepare-value.ts'
import { refusedStatement } from '../../postgres/refused-statement.ts'
import type { AnswerShape } from './answer-shape.ts'
import type { Answers } from './answers.ts'
import type { RecordedQuery } from './recording.ts'
import { type NoteRead, watchedCount, watchedError, watchedRows } from './watched-answers.ts'

export interface RecordingConnectionOptions {
  readonly answers: Answers
  readonly shapeOf: (sql: string) => AnswerShape
  /** Returns the line of the migration's file that a query comes from. */
  readonly lineOf: (query: CompiledQuery) => number | null
}

/** A recording that gets longer than this is stopped. */
export const MOST_QUERIES = 10_000

/** Writes down what one run of a migration sends, answers as it is told, and notes what is made of the answers. */
export class RecordingConnection implements DatabaseConnection {
  readonly queries: RecordedQuery[] = []
  readonly reasons: DynamicReason[] = []
  /** The error that a query was made to fail with. */
  injected: Error | undefined
  /** Resolves when more was sent than a recording may hold. */
  readonly stopped: Promise<void>
  readonly #options: RecordingConnectionOptions
  readonly #running = new Set<RecordedQuery>()
  readonly #noted = new Set<unknown>()
  #stop = () => {}
  #closed = false

  constructor(options: RecordingConnectionOptions) {
    this.#options = options
    this.stopped = new Promise((resolve) => {
      this.#stop = resolve
    })
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { answers, shapeOf, lineOf } = this.#options
    if (this.#closed) return never()
    const recorded = { sql: query.sql, parameters: query.parameters.map(prepareValue), line: lineOf(query) }
    const position = this.queries.length
    this.queries.push(recorded)
    if (position + 1 > MOST_QUERIES) return this.#endless(recorded)
    // A real answer takes its time: whoever does not wait for it is seen by that.
    this.#running.add(recorded)
    await turn()
    if (this.#closed) return never()
    this.#running.delete(recorded)
    if (position === answers.failAt) throw this.#fail(recorded)
    return this.#answer(recorded, shapeOf(query.sql))
  }

  // biome-ignore lint/correctness/useYield: a live run refuses it, too
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    this.#note('reads a stream of rows', { sql: query.sql, line: this.#options.lineOf(query) })
    throw new Error('A migration cannot stream a query; read it in portions.')
  }

  /** Writes down what Kysely itself says to begin and end a transaction. */
  control(sql: string): void {
    if (!this.#closed) this.queries.push({ sql, parameters: [], line: null })
  }

  /** Takes no more queries. After `up` has returned, one that still runs is a finding. */
  async close({ returned }: { returned: boolean }): Promise<void> {
    // What was called but not awaited reaches us some microtasks later, before the answer to it.
    await new Promise<void>((resolve) => nextTick(resolve))
    const [unawaited] = this.#running
    if (returned && unawaited !== undefined) this.#note(NOT_AWAITED, unawaited)
    this.#closed = true
    // A rejection that nobody handles is reported after this.
    await turn()
  }

  #answer<R>(query: RecordedQuery, shape: AnswerShape): QueryResult<R> {
    const { rows, affected } = this.#options.answers
    const note: NoteRead = (what) => this.#note(`reads ${what}`, query)
    return {
      rows: (shape.rows ? watchedRows(rows, note) : []) as R[],
      ...(shape.count ? { numAffectedRows: affected === 'watched' ? watchedCount(note) : affected } : {}),
    }
  }

  #fail(query: RecordedQuery): Error {
    const note: NoteRead = (what) => this.#note(`reads ${what}`, query)
    this.injected = watchedError(note, refusedStatement('This statement failed in a recording.'))
    return this.injected
  }

  #endless(query: RecordedQuery): Promise<never> {
    this.queries.pop()
    this.#note(`sends more than ${MOST_QUERIES.toLocaleString('en')} queries`, query)
    this.#closed = true
    this.#stop()
    return never()
  }

  #note(what: string, query: Pick<RecordedQuery, 'sql' | 'line'>): void {
    // What is read after the run, by a printing of it or by ourselves, decides nothing any more.
    if (this.#closed || this.#noted.has(query)) return
    this.#noted.add(query)
    this.reasons.push({ message: `It ${what}.`, sql: query.sql, line: query.line })
  }
}

const NOT_AWAITED = 'returns before this query has finished: an `await` is missing'

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function never<T>(): Promise<T> {
  return new Promise(() => {})
}
