import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ALL_RULES } from '../../../src/migrations/risk/all-rules.ts'
import { findMatches } from '../../../src/migrations/risk/find-matches.ts'
import type { Rule } from '../../../src/migrations/risk/rule.ts'
import { findWaivers } from '../../../src/migrations/risk/waivers.ts'
import { parseSql } from '../../../src/migrations/sql/parse-sql.ts'

const ROOT = join(import.meta.dirname, '../../..')
const PAGES = join(ROOT, 'docs/rules')
const named = (folder: string, ending: string) =>
  readdirSync(folder)
    .filter((file) => file !== 'README.md')
    .map((file) => file.slice(0, -ending.length))
    .sort()
const page = (id: string) => readFileSync(join(PAGES, `${id}.md`), 'utf8')
const codeUnder = (id: string, title: string) =>
  new RegExp(`## ${title}\\n\\n\`\`\`sql\\n([\\s\\S]*?)\`\`\``).exec(page(id))?.[1]

/** Rules whose findings are made from a trace or a recording, not from the text of a statement. */
const MADE_ELSEWHERE = new Set([
  'dynamic-migration',
  'needs-data',
  'not-traced',
  'traced-loss',
  'traced-rewrite',
  'traced-scan',
])
/** They need more than SQL to fire: parameters, a parser that refuses it, types and triggers that a trace knows. */
const WITHOUT_EXAMPLE = new Set([
  'change-column-type-metadata-only',
  'parameter-in-ddl',
  'trigger-changes-rows',
  'unparsable-sql',
])

const ids = ALL_RULES.map(({ id }) => id)
const ofText = ALL_RULES.filter(({ id }) => !MADE_ELSEWHERE.has(id) && !WITHOUT_EXAMPLE.has(id))

test('every rule has one file and one page, and is on the list once, in order', () => {
  expect(ids).toEqual([...new Set(ids)].sort())
  expect(named(join(ROOT, 'src/migrations/risk/rules'), '.ts')).toEqual(
    [...new Set([...ids, ...MADE_ELSEWHERE])].sort(),
  )
  expect(named(PAGES, '.md')).toEqual(named(join(ROOT, 'src/migrations/risk/rules'), '.ts'))
})

test.each(ALL_RULES)('$id has an id in kebab-case and one sentence', ({ id, summary }) => {
  expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/)
  expect(summary).toMatch(/^[^\n!]{10,150}\.$/)
})

test.each(ALL_RULES)('the page of $id says what it is, and how to waive it', ({ id, class: kind, approval }) => {
  expect(page(id)).toMatch(new RegExp(`^# ${id}\n\n[^]+Class \`${kind}\`[^]+## What PostgreSQL does[^]+## Waive it`))
  if (approval === 'refused') expect(page(id)).toContain('It cannot be waived')
  else expect(findWaivers(codeUnder(id, 'Waive it') ?? '')).toMatchObject([{ rule: id }])
})

test.each(ofText)('the example of $id fires', (rule) => {
  expect(firesIn(rule, codeUnder(rule.id, 'Example') ?? '')).toBe(true)
})

test.each(ids)('the SQL on the page of %s is SQL', (id) => {
  for (const [, sql = ''] of page(id).matchAll(/```sql\n([\s\S]*?)```/g)) expect(() => parseSql(sql)).not.toThrow()
})

function firesIn(rule: Rule, sql: string): boolean {
  const statements = parseSql(sql).map((it) => ({ ...it, line: null, parameters: false }))
  return [true, false].some((inTransaction) =>
    findMatches([rule], statements, { inTransaction, traces: undefined, isEmpty: () => false }).some(
      (matches) => matches.length > 0,
    ),
  )
}
