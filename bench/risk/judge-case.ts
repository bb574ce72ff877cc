import type { CompiledMigration } from '../../src/migrations/compile/compiled-migration.ts'
import { findMatches } from '../../src/migrations/risk/find-matches.ts'
import { judge } from '../../src/migrations/risk/judge.ts'
import type { Rule } from '../../src/migrations/risk/rule.ts'
import type { Statement } from '../../src/migrations/risk/statement.ts'
import type { MigrationTrace } from '../../src/migrations/risk/trace-facts.ts'
import { parseSql } from '../../src/migrations/sql/parse-sql.ts'
import { runsAlone } from '../../src/migrations/statement-kind.ts'
import { type Finding, LOCK_MODES } from '../../src/model/finding.ts'
import type { RiskCase } from '../../test/migrations/risk/cases/risk-case.ts'

/** What a tool says of a case. */
export interface Answer {
  readonly longLock: boolean
  readonly dataLoss: boolean
}

/** Returns a case as a migration that can be traced. */
export function migrationOf(it: RiskCase, name: string): CompiledMigration {
  const statements = it.sql.map((sql) => ({ sql, transactional: !runsAlone(sql), parameters: false, line: null }))
  return { migration: name, statements, checksum: '' }
}

/** Lets the rules judge a case, with what was traced of it or alone. */
export function judgeCase(it: RiskCase, rules: readonly Rule[], trace: MigrationTrace | undefined): readonly Finding[] {
  const statements = it.sql.map(toStatement)
  const inTransaction = !it.sql.some(runsAlone)
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

function toStatement(sql: string): Statement {
  return { sql, node: parsed(sql), line: null, parameters: false }
}

function parsed(sql: string): Statement['node'] {
  try {
    return parseSql(sql)[0]?.node ?? null
  } catch {
    return null
  }
}
