import type { FindingClass } from '../../model/finding.ts'
import { factsOf } from './known-tables.ts'
import { openLedger } from './made-here.ts'
import type { Match, Rule, RuleContext, TableRef } from './rule.ts'
import type { Statement } from './statement.ts'
import type { TraceResult } from './trace-facts.ts'

export interface FindMatchesOptions {
  /** Whether the migration runs in one transaction. */
  readonly inTransaction: boolean
  /** One per statement; undefined: nothing was traced. */
  readonly traces: readonly TraceResult[] | undefined
  /** Whether the table is known to have no rows in any target. */
  readonly isEmpty: (table: TableRef) => boolean
}

/** A rule and what it found. */
export interface RuleMatch {
  readonly rule: Rule
  readonly match: Match
}

/**
 * Lets the rules look at the statements of one migration; one list per statement, in the order of the rules. What concerns
 * only a table that the migration itself made, or that has no rows anywhere, is left out.
 */
export function findMatches(
  rules: readonly Rule[],
  statements: readonly Statement[],
  { inTransaction, traces, isEmpty }: FindMatchesOptions,
): readonly (readonly RuleMatch[])[] {
  const ledger = openLedger(inTransaction)
  return statements.map((statement, index) => {
    const trace = traces?.[index]
    const context: RuleContext = { statements, index, inTransaction, madeHere: ledger, trace, traces, isEmpty }
    const found = rules.flatMap((rule) => rule.find(statement, context).map((match) => ({ rule, match })))
    const kept = found.filter((it) => !isExempt(it, context))
    ledger.note(statement, trace)
    return kept
  })
}

function isExempt({ rule, match }: RuleMatch, context: RuleContext): boolean {
  if (match.table === undefined) return false
  const kind = match.class ?? rule.class
  if (NEVER_EXEMPT.has(kind)) return false
  return isOurs(match.table, context) || (NEEDS_ROWS.has(kind) && context.isEmpty(match.table))
}

/** The trace knows tables by more than their names; it does not know what was committed in between. */
function isOurs(table: TableRef, context: RuleContext): boolean {
  const facts = context.inTransaction ? factsOf(context, table) : undefined
  return facts === undefined ? context.madeHere.table(table) : !facts.old
}

/** They fail, or cannot be told, whatever the table is. */
const NEVER_EXEMPT: ReadonlySet<FindingClass> = new Set(['unknown', 'non-transactional', 'error'] as const)

/** They do nothing to a table without rows; what breaks running code does. */
const NEEDS_ROWS: ReadonlySet<FindingClass> = new Set(['destructive', 'irreversible', 'rewrite', 'blocking'] as const)
