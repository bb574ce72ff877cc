import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ALL_RULES } from '../../../../src/migrations/risk/all-rules.ts'
import { findMatches } from '../../../../src/migrations/risk/find-matches.ts'
import type { Rule } from '../../../../src/migrations/risk/rule.ts'
import { parseSql } from '../../../../src/migrations/sql/parse-sql.ts'

const CLASSES = new Set<string>(['rewrite', 'blocking', 'advice'])
/** Found only with a trace, which a page has not. */
const BY_TRACE = new Set(['change-column-type-metadata-only', 'traced-rewrite', 'traced-scan'])

describe('The pages of the classes rewrite, blocking and advice', () => {
  test.each(ALL_RULES.filter((it) => CLASSES.has(it.class) && !BY_TRACE.has(it.id)))('$id', (rule) => {
    const page = readFileSync(new URL(`../../../../docs/rules/${rule.id}.md`, import.meta.url), 'utf8')
    expect(page).toMatch(new RegExp(`^# ${rule.id}\n\n`))
    expect(page).toContain(`Class \`${rule.class}\`.`)
    expect(page).toContain(`-- fleet: allow ${rule.id} because `)
    expect(countIn(rule, sqlUnder('Example', page), true)).toBeGreaterThan(0)
    expect(countIn(rule, sqlUnder('Instead', page), false)).toBe(0)
  })
})

/** The SQL blocks under a heading, and what Kysely is given in the others. */
function sqlUnder(heading: string, page: string): string {
  const section = page.split(/^## /m).find((it) => it.startsWith(`${heading}\n`)) ?? ''
  const blocks = [...section.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql)
  const sent = [...section.matchAll(/await sql`(.*?)`/g)].map(([, sql = '']) => `${sql};`)
  return [...blocks, ...sent].join('\n')
}

function countIn(rule: Rule, text: string, inTransaction: boolean): number {
  const statements = parseSql(text).map(({ sql, node }) => ({ sql, node, line: null, parameters: false }))
  const matches = findMatches([rule], statements, { inTransaction, traces: undefined, isEmpty: () => false })
  return matches.flat().length
}
