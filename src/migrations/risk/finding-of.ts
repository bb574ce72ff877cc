import type { Finding } from '../../model/finding.ts'
import type { RuleMatch } from './find-matches.ts'
import type { Approval } from './rule.ts'
import type { Statement } from './statement.ts'
import { nameOf } from './syntax/tables.ts'
import { describeSize, isBig, type TableSize, type TableSizes } from './table-size.ts'
import type { TracedWork } from './traced-work.ts'

export interface FindingContext {
  readonly statement: Statement
  /** From 1. */
  readonly number: number
  readonly sizes: TableSizes
}

/**
 * Returns what a rule found as a finding.
 * @param work what the server was seen to do to the match's table, in place of the rule's opinion; null: nothing to any
 */
export function findingOf(
  { rule, match }: RuleMatch,
  { statement, number, sizes }: FindingContext,
  work?: TracedWork | null,
): Finding {
  const { lock = null, rewrite = false, scan = false } = work === undefined ? match : (work ?? {})
  const dataLoss = match.dataLoss ?? false
  const table = work?.table ?? match.table
  const size = table && sizes.of(table)
  const approval = match.approval ?? rule.approval
  return {
    rule: rule.id,
    class: match.class ?? rule.class,
    statement: number,
    sql: statement.sql,
    line: statement.line,
    message:
      size !== undefined && size.rows >= TOLD_FROM && (rewrite || scan || dataLoss)
        ? withSize(match.message, size)
        : match.message,
    help: match.help ?? null,
    table: table === undefined ? null : nameOf(table),
    lock,
    rewrite,
    scan,
    dataLoss,
    restorePoint: match.restorePoint ?? rule.restorePoint,
    approval: isApprovalNeeded(approval, size, sizes),
    refused: approval === 'refused',
    source: work ? 'trace' : 'rule',
  }
}

/** Rows from which a size says something. */
const TOLD_FROM = 1_000

/** What is refused cannot be agreed to. */
function isApprovalNeeded(approval: Approval, size: TableSize | undefined, sizes: TableSizes): boolean {
  return approval === 'yes' || (approval === 'big' && isBig(size, sizes))
}

function withSize(message: string, size: TableSize): string {
  return `${message.replace(/\.$/, '')} (${describeSize(size)}).`
}
