import { type Mark, parseMark, sameMark } from '../../model/mark.ts'

/** What pg_database says of one database. */
export interface DatabaseFacts {
  readonly databaseId: string
  readonly owner: string
  /** Whether connections are allowed. */
  readonly open: boolean
  /** Whether a DROP DATABASE was interrupted (datconnlimit -2): it can only be dropped. */
  readonly invalid: boolean
  readonly comment: string | null
}

/**
 * How far a database is, read from the server alone:
 * `missing` no such name · `unmarked` ours, died between CREATE DATABASE and the mark · `closed`, `open` carries the
 * mark · `invalid` ours, died in DROP DATABASE · `foreign` somebody else's.
 */
export type DatabaseState = 'missing' | 'unmarked' | 'closed' | 'open' | 'invalid' | 'foreign'

/**
 * Tells the state of a database from its facts. One without a comment counts as ours only while it is closed and
 * belongs to the owner that ours are made with (null: whoever that is): nobody else leaves one like that, and nobody was
 * ever in it.
 */
export function databaseState(
  facts: DatabaseFacts | undefined,
  expected: { mark: Mark; owner: string | null },
): DatabaseState {
  if (facts === undefined) return 'missing'
  const marked = sameMark(parseMark(facts.comment), expected.mark)
  const ours = expected.owner === null || facts.owner === expected.owner
  const abandoned = facts.comment === null && ours && (!facts.open || facts.invalid)
  if (!marked && !abandoned) return 'foreign'
  if (facts.invalid) return 'invalid'
  if (!marked) return 'unmarked'
  return facts.open ? 'open' : 'closed'
}
