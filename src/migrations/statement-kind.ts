import { sqlSkeleton } from './sql-skeleton.ts'

/** Says whether a text begins or ends a transaction; savepoints do neither. */
export function controlsTransaction(sql: string): boolean {
  const skeleton = sqlSkeleton(sql)
  // The body of a function in standard SQL holds statements of its own and an END.
  const statements = /\bbegin\s+atomic\b/i.test(skeleton) ? [skeleton] : skeleton.split(';')
  return statements.some((statement) =>
    /^\s*(begin|start\s+transaction|commit|end|abort|prepare\s+transaction|rollback(?!\s+((work|transaction)\s+)?to\b))(\s|$)/i.test(
      statement,
    ),
  )
}

/** Says whether a statement only reads, or only sets something in the session: to be sent again on every try. */
export function isRepeatable(sql: string): boolean {
  const skeleton = sqlSkeleton(sql)
  if (skeleton.includes(';') && !/;\s*$/.test(skeleton)) return false
  if (/^(set|reset|show|explain|values|table)\b/i.test(skeleton)) return true
  return (
    /^(\(*\s*select|with)\b/i.test(skeleton) &&
    !/\b(insert|update|delete|merge|into)\b/i.test(withoutRowLocks(skeleton))
  )
}

function withoutRowLocks(skeleton: string): string {
  return skeleton.replaceAll(/\bfor\s+(no\s+key\s+)?update\b/gi, '')
}

/** Says whether a statement is one of those known not to run in a transaction; for all others the server is asked. */
export function runsAlone(sql: string): boolean {
  return /^(vacuum\b|(create|drop|reindex|alter)\b[^;]*\bconcurrently\b)/i.test(sqlSkeleton(sql))
}
