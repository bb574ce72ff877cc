import type { LintedMigration } from '../../fleet/lint.ts'
import type { Finding } from '../../model/finding.ts'
import { escapeData, escapeProperty } from './github-escape.ts'

/** An annotation of GitHub per finding, at file and line: an error where a restore point or an approval is needed. */
export function lintAnnotations({ file, assessment }: LintedMigration): string[] {
  return assessment.findings.map((finding) => {
    const { rule, line, message, help } = finding
    const place = [
      `file=${escapeProperty(file)}`,
      ...(line === null ? [] : [`line=${line}`]),
      `title=${escapeProperty(rule)}`,
    ]
    return `::${levelOf(finding)} ${place.join(',')}::${escapeData([message, help].filter((it) => it !== null).join(' '))}`
  })
}

function levelOf({ refused, restorePoint, approval, class: kind }: Finding): 'error' | 'warning' | 'notice' {
  if (refused || restorePoint || approval) return 'error'
  return kind === 'advice' || kind === 'irreversible' || kind === 'non-transactional' ? 'notice' : 'warning'
}
