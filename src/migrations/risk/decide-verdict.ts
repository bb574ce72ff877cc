import type { Finding, Verdict } from '../../model/finding.ts'

/** Returns the verdict of a migration, the first that holds of: risky, breaking, blocking, safe. */
export function decideVerdict(findings: readonly Finding[]): Verdict {
  if (findings.some(({ restorePoint }) => restorePoint)) return 'risky'
  if (findings.some((it) => it.class === 'breaking')) return 'breaking'
  return findings.some((it) => it.class === 'blocking' || it.class === 'rewrite') ? 'blocking' : 'safe'
}
