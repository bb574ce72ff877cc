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

/** Says whether a statement only sets or shows something of the session: to be sent again on every try. */
export function isSessionSetting(sql: string): boolean {
  const skeleton = sqlSkeleton(sql)
  return isSingle(skeleton) && /^(set|reset|show)\b/i.test(skeleton)
}

/** Says whether a statement looks as if it only read. A function that it calls may write: the server knows. */
export function looksLikeReading(sql: string): boolean {
  const skeleton = sqlSkeleton(sql)
  if (!isSingle(skeleton)) return false
  if (/^(explain|values|table)\b/i.test(skeleton)) return true
  return (
    /^(\(*\s*select|with)\b/i.test(skeleton) &&
    !/\b(insert|update|delete|merge|into)\b/i.test(withoutRowLocks(skeleton))
  )
}

function isSingle(skeleton: string): boolean {
  return !skeleton.includes(';') || /^[^;]*;\s*$/.test(skeleton)
}

function withoutRowLocks(skeleton: string): string {
  return skeleton.replaceAll(/\bfor\s+(no\s+key\s+)?update\b/gi, '')
}

/** Says whether a statement is one of those known not to run in a transaction; for all others the server is asked. */
export function isConcurrentStep(sql: string): boolean {
  return /^(vacuum\b|(create|drop|reindex|alter)\b[^;]*\bconcurrently\b)/i.test(sqlSkeleton(sql))
}

/** Says whether an index is built that the server would name: after a crash, nobody could tell which one is half-made. */
export function buildsUnnamedIndex(sql: string): boolean {
  return /^create\s+(unique\s+)?index\s+concurrently\s+on\b/i.test(sqlSkeleton(sql))
}
