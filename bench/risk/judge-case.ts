import { findMatches } from '../../src/migrations/risk/find-matches.ts'
import { judge } from '../../src/migrations/risk/judge.ts'
import type { Rule } from '../../src/migrations/risk/rule.ts'
import { statementOf } from '../../src/migrations/risk/statement.ts'
import type { MigrationTrace } from '../../src/migrations/risk/trace-facts.ts'
import { type Finding, LOCK_MODES } from '../../src/model/finding.ts'
import type { RiskCase } from '../../test/migrations/risk/cases/risk-case.ts'
import { compileCase } from '../../test/migrations/risk/compile-case.ts'

/** What a tool says of a case. */
export interface Answer {
  readonly longLock: boolean
  readonly dataLoss: boolean
}

/** Lets the rules judge a case, with what was traced of it or alone. */
export function judgeCase(it: RiskCase, rules: readonly Rule[], trace: MigrationTrace | undefined): readonly Finding[] {
  const compiled = compileCase(it.sql, 'case').statements
  const statements = compiled.map(statementOf)
  const inTransaction = compiled.every(({ transactional }) => transactional)
  const traces = trace?.statements
  const matches = findMatches(rules, statements, { inTransaction, traces, isEmpty: () => false })
  return judge({ statements, matches, trace, sizes: { of: () => undefined, bigRows: 1, bigBytes: 1 } }).findings
}

/** Reads from findings what the list of cases is about. */
export function answerOf(findings: readonly Finding[]): Answer {
  return {
    longLock: findings.some(
      ({ lock, rewrite, scan }) => lock !== null && LOCK_MODES.indexOf(lock) >= SHARE && (rewrite || scan),
    ),
    dataLoss: findings.some(({ dataLoss }) => dataLoss),
  }
}

const SHARE = LOCK_MODES.indexOf('SHARE')
