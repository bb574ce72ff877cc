import { FleetError } from '../../model/errors.ts'
import { scanSql } from '../sql/parse-sql.ts'

/** A finding that a text of SQL accepts: `-- fleet: allow <rule-id> because <reason>`. */
export interface SqlWaiver {
  /** Rule id. */
  readonly rule: string
  readonly reason: string
  /** Line of the text, from 1. */
  readonly line: number
}

/**
 * Returns the waivers in the comments of a text.
 * @throws FleetError MIGRATION_INVALID for one that is not understood or has no reason
 * @throws SqlSyntaxError for a quote or comment that does not end
 */
export function findWaivers(text: string, { file }: { readonly file?: string } = {}): readonly SqlWaiver[] {
  return scanSql(text).flatMap(({ name, text: comment, start }) => {
    if (name !== 'SQL_COMMENT' && name !== 'C_COMMENT') return []
    return linesOf(comment).flatMap((words, index) => {
      if (!/^fleet\s*:/.test(words)) return []
      const line = text.slice(0, start).split('\n').length + index
      const { rule, reason } =
        /^fleet\s*:\s*allow\s+(?<rule>\S+)\s+because\s+(?<reason>\S.*)$/.exec(words)?.groups ?? {}
      if (rule !== undefined && reason !== undefined) return [{ rule, reason, line }]
      throw refusal(words, file === undefined ? `Line ${line} of the SQL` : `${file}:${line}`)
    })
  })
}

/** The lines of a comment without its marks. */
function linesOf(comment: string): readonly string[] {
  const inner = comment.startsWith('--') ? comment.slice(2) : comment.slice(2, -2)
  return inner.split('\n').map((line) => line.replace(/^[\s*]+/, '').trimEnd())
}

function refusal(words: string, where: string): FleetError {
  const what = /^fleet\s*:\s*allow\s+\S+/.test(words) ? 'has no reason' : 'is not understood'
  return new FleetError('MIGRATION_INVALID', `${where}: The waiver \`${words}\` ${what}.`, {
    remedy: 'Write: -- fleet: allow <rule-id> because <reason>',
  })
}
