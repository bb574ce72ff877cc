import type { DynamicReason, MigrationAssessment } from '../../model/assessment.ts'
import type { Finding } from '../../model/finding.ts'
import type { CompiledMigration } from '../compile/compiled-migration.ts'
import type { Migration } from '../migration.ts'
import { ALL_RULES } from './all-rules.ts'
import { decideVerdict } from './decide-verdict.ts'
import { findMatches } from './find-matches.ts'
import { judge } from './judge.ts'
import { dynamicMigration } from './rules/dynamic-migration.ts'
import { statementOf } from './statement.ts'
import type { TableSizes } from './table-size.ts'
import type { MigrationTrace } from './trace-facts.ts'

/** What a migration was found to send, without a database. */
export type RecordedMigration =
  | { readonly kind: 'static'; readonly compiled: CompiledMigration; readonly waivers: readonly Waiver[] }
  | { readonly kind: 'dynamic'; readonly reasons: readonly DynamicReason[] }

/** A finding that a file accepts. */
export interface Waiver {
  /** Rule id. */
  readonly rule: string
  readonly reason: string
}

export interface AssessInput {
  readonly migration: Pick<Migration, 'transaction' | 'allow'>
  readonly recorded: RecordedMigration
  /** Undefined: there was no server to trace it on. */
  readonly trace: MigrationTrace | undefined
  readonly tracedOn: string | null
  /** Why it was not traced, in a sentence. */
  readonly notTraced: string | null
  readonly sizes: TableSizes
}

/** Says what is known of a migration before any tenant gets it. */
export function assessMigration({ migration, recorded, trace, sizes, ...traced }: AssessInput): MigrationAssessment {
  const found = recorded.kind === 'static' ? findingsOf(recorded.compiled) : recorded.reasons.map(dynamicFinding)
  const waivers = [
    ...Object.entries(migration.allow).map(([rule, reason]) => ({ rule, reason })),
    ...(recorded.kind === 'static' ? recorded.waivers : []),
  ]
  const waiverOf = ({ rule, refused }: Finding) => (refused ? undefined : waivers.find((it) => it.rule === rule))
  const findings = found.filter((it) => waiverOf(it) === undefined)
  const waived = found.flatMap((it) => {
    const waiver = waiverOf(it)
    return waiver === undefined ? [] : [{ ...it, reason: waiver.reason }]
  })
  return {
    kind: recorded.kind,
    reasons: recorded.kind === 'dynamic' ? recorded.reasons : [],
    sqlChecksum: recorded.kind === 'static' ? recorded.compiled.checksum : null,
    verdict: decideVerdict(findings),
    findings,
    waived,
    unusedWaivers: [...new Set(waivers.map(({ rule }) => rule))].filter((rule) =>
      found.every((it) => it.rule !== rule),
    ),
    // A waiver says that somebody knows what is lost, not that nobody will want it back.
    restorePoint: found.some((it) => it.restorePoint),
    ...traced,
  }

  function findingsOf({ statements: compiled }: CompiledMigration): readonly Finding[] {
    const statements = compiled.map(statementOf)
    const matches = findMatches(ALL_RULES, statements, {
      inTransaction: migration.transaction,
      traces: trace?.statements,
      // Nobody has looked into every tenant.
      isEmpty: () => false,
    })
    return judge({ statements, matches, trace, sizes }).findings
  }
}

function dynamicFinding({ message, sql, line }: DynamicReason): Finding {
  const { id, class: kind, restorePoint, approval } = dynamicMigration
  return {
    rule: id,
    class: kind,
    statement: null,
    sql,
    line,
    message,
    help: 'Write it in SQL that is the same for every tenant, say `update … from …`; else it runs live, tenant by tenant.',
    table: null,
    lock: null,
    rewrite: false,
    scan: false,
    dataLoss: false,
    restorePoint,
    approval: approval === 'yes',
    refused: false,
    source: 'recorder',
  }
}
