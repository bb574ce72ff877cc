import { quoteLiteral } from '../../postgres/identifiers.ts'
import type { PreparedValue } from '../../postgres/prepare-value.ts'
import { scanSql } from '../sql/parse-sql.ts'

/**
 * Writes parameters into a text as quoted literals without a type, from which the server deduces what it would deduce from
 * a parameter. A `$1` that has no parameter stays.
 * @throws SqlSyntaxError for a quote or comment that does not end
 */
export function inlineParameters(sql: string, parameters: readonly PreparedValue[]): string {
  let inlined = ''
  let done = 0
  for (const { name, text, start, end } of scanSql(sql)) {
    const value = name === 'PARAM' ? parameters[Number(text.slice(1)) - 1] : undefined
    if (value === undefined) continue
    const before = sql.slice(done, start)
    // `u&'…'` would be one word.
    inlined += `${before}${before.endsWith('&') ? ' ' : ''}${literal(value)}`
    done = end
  }
  return inlined + sql.slice(done)
}

function literal(value: PreparedValue): string {
  if (value === null) return 'NULL'
  return quoteLiteral(typeof value === 'string' ? value : `\\x${value.toString('hex')}`)
}
