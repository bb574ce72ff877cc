import type { LintedMigration } from '../../fleet/lint.ts'

/** What `lint --output json` says of a migration: an object per finding, then one that sums it up. */
export function lintDocument({ name, file, assessment }: LintedMigration): readonly object[] {
  const { findings, waived, unusedWaivers, verdict, kind, reasons, restorePoint, tracedOn, notTraced } = assessment
  return [
    ...findings.map(({ statement: number, sql: statement, ...finding }) => ({
      type: 'finding',
      file,
      statement,
      number,
      ...finding,
    })),
    {
      type: 'summary',
      file,
      migration: name,
      verdict,
      kind,
      reasons,
      findings: findings.length,
      restorePoint,
      waived: waived.map(({ rule, reason, line }) => ({ rule, reason, line })),
      unusedWaivers,
      tracedOn,
      notTraced,
    },
  ]
}
