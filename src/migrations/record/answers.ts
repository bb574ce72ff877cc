/** How the queries of one run of a migration are answered. */
export interface Answers {
  /** Rows that every query with a result returns. */
  readonly rows: 0 | 1
  /** Rows that every change of data affects; `watched`: a value that cannot be used unnoticed. */
  readonly affected: bigint | 'watched'
  /** Position of the query that fails, from 0. */
  readonly failAt?: number
}

/** The run whose queries are the recording: a tenant without a single row. */
export const BASE: Answers = { rows: 0, affected: 0n }

/** Runs that are compared with it, and how a migration that sends something else is described. */
export const VARIANTS: readonly { readonly answers: Answers; readonly when: string }[] = [
  { answers: BASE, when: 'when it runs again' },
  { answers: { rows: 1, affected: 1n }, when: 'when a query returns or affects one row' },
  { answers: { rows: 1, affected: 1_000_000_007n }, when: 'when a query affects many rows' },
]

/** Its queries are not compared: whoever uses a count is caught by that alone. */
export const TRAP: Answers = { rows: 1, affected: 'watched' }
