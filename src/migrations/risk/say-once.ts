import type { Finding } from '../../model/finding.ts'
import { statementsAfterExclusiveLock } from './rules/statements-after-exclusive-lock.ts'

/**
 * Leaves out what is said already: that a table stays locked is said once per table and migration, where its rows are read if
 * they are, and not at all beside a finding that tells of the same work.
 */
export function sayOnce(findings: readonly Finding[]): readonly Finding[] {
  const advice = findings.filter((it) => isAdvice(it) && !findings.some((other) => tellsMore(other, it)))
  const kept = new Set(advice.filter((it) => it === mostTelling(advice.filter(({ table }) => table === it.table))))
  return findings.filter((it) => !isAdvice(it) || kept.has(it))
}

function isAdvice({ rule }: Finding): boolean {
  return rule === statementsAfterExclusiveLock.id
}

function tellsMore(other: Finding, { statement, table }: Finding): boolean {
  return !isAdvice(other) && other.statement === statement && other.table === table && (other.rewrite || other.scan)
}

function mostTelling(advice: readonly Finding[]): Finding | undefined {
  return advice.find(({ scan }) => scan) ?? advice[0]
}
