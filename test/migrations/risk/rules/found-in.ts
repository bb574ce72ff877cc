import { expect, test } from 'vitest'
import { findMatches } from '../../../../src/migrations/risk/find-matches.ts'
import type { Match, Rule } from '../../../../src/migrations/risk/rule.ts'
import type {
  ColumnFacts,
  RetypedColumn,
  StatementTrace,
  TableFacts,
  TracedRelation,
  TraceResult,
} from '../../../../src/migrations/risk/trace-facts.ts'
import { parseSql } from '../../../../src/migrations/sql/parse-sql.ts'

/** A rule, migrations in whose last statement it finds something, and others in whose last statement it does not. */
export type RuleCases = readonly [rule: Rule, fires: readonly string[], silent: readonly string[]]

interface Circumstances {
  readonly inTransaction?: boolean
  /** Of the last statement; those before it count as not traced. */
  readonly trace?: TraceResult
}

/** Returns what a rule finds in the last statement of a migration. */
export function foundIn(rule: Rule, migration: string, { inTransaction = true, trace }: Circumstances = {}) {
  const statements = parseSql(migration).map(({ sql, node }) => ({ sql, node, line: null, parameters: false }))
  const traces = trace && [...statements.slice(1).map((): TraceResult => ({ kind: 'not-traced', reason: '' })), trace]
  const matches = findMatches([rule], statements, { inTransaction, traces, isEmpty: () => false })
  return (matches.at(-1) ?? []).map(({ match }): Match => match)
}

/** Registers a test for each migration of these cases. */
export function testRules(cases: readonly RuleCases[]): void {
  test.each(cases.flatMap(([rule, fires]) => fires.map((sql) => [rule.id, sql, rule] as const)))(
    '%s finds: %s',
    (_, sql, rule) => {
      const matches = foundIn(rule, sql)
      expect(matches.length).toBeGreaterThan(0)
      for (const { message, help = 'None.' } of matches) {
        expect(message).toMatch(/^.{1,198}\.$/)
        expect(help).toMatch(/^[A-Z].{1,197}\.$/)
      }
    },
  )
  test.each(cases.flatMap(([rule, , silent]) => silent.map((sql) => [rule.id, sql, rule] as const)))(
    '%s finds nothing: %s',
    (_, sql, rule) => {
      expect(foundIn(rule, sql)).toEqual([])
    },
  )
}

/** A trace in which nothing happened but what is told. */
export function traced(facts: Partial<StatementTrace>): TraceResult {
  return { kind: 'traced', facts: { before: [], relations: [], lost: [], retyped: [], ...facts } }
}

/** A table of the trace that was locked, and no more than what is told. */
export function touched(name: string, work: Partial<TracedRelation> = {}): TracedRelation {
  return {
    schema: 'public',
    name,
    kind: 'table',
    lock: 'ACCESS EXCLUSIVE',
    lockIsNew: true,
    rewritten: false,
    indexBuilt: false,
    indexLocked: false,
    scanned: false,
    ...work,
  }
}

/** A table as it was before, with columns of these types: `{ id: 'integer not null' }`. */
export function standing(name: string, types: Readonly<Record<string, string>>): TableFacts {
  const columns = Object.entries(types).map(
    ([column, type]): ColumnFacts => ({
      name: column,
      type: type.replace(' not null', ''),
      notNull: type.endsWith(' not null'),
      hasDefault: false,
      generated: null,
    }),
  )
  return { schema: 'public', name, columns, old: true }
}

/** A column of `public` that got another type. */
export function retyped(table: string, column: string, from: string, to: string): RetypedColumn {
  return { relation: { schema: 'public', name: table }, column, from, to }
}
