import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { renderAssessment } from '../../src/cli/renderers/render-assessment.ts'
import { renderPlan } from '../../src/cli/renderers/render-plan.ts'
import type { MigrationAssessment } from '../../src/model/assessment.ts'
import { SAFE } from '../support/assessments.ts'
import { setupFleet } from '../support/fleet.ts'
import { runFleet } from '../support/fleet-process.ts'
import { page, plan } from './example-plan.ts'

const FILE = 'migrations/0039_split_name.ts'
const DYNAMIC: MigrationAssessment = {
  ...SAFE,
  kind: 'dynamic',
  verdict: 'risky',
  restorePoint: true,
  sqlChecksum: null,
  tracedOn: null,
  reasons: [
    {
      message: 'It looks at the rows of a result.',
      sql: 'select id,\n       name\n  from "users"\n where name is not null and id > $1 order by id limit 1000',
      line: 4,
    },
    { message: 'It reads process.env.', sql: null, line: 9 },
    { message: 'It did not end within 10 s.', sql: null, line: null },
  ],
}

test('why a migration runs live is said with its place and the statement, on one line', () => {
  expect(renderAssessment(FILE, DYNAMIC, page)).toMatchInlineSnapshot(`
    " migrations/0039_split_name.ts  risky  restore point
       Runs live: It looks at the rows of a result.
         migrations/0039_split_name.ts:4
         select id, name from "users" where name is not null and id > $1 order by i…
       Runs live: It reads process.env.
         migrations/0039_split_name.ts:9
       Runs live: It did not end within 10 s."
  `)
})

test('a plan says it as well', () => {
  const [first] = plan.migrations
  if (first === undefined) throw new Error('the example has migrations')
  const rendered = renderPlan({ ...plan, migrations: [{ ...first, file: FILE, assessment: DYNAMIC }] }, page)
  expect(rendered).toContain(renderAssessment(FILE, DYNAMIC, page))
})

test.each([60, 80, 120])('no line is wider than %i columns, and the statement ends where it is cut', (width) => {
  const lines = renderAssessment(FILE, DYNAMIC, { ...page, width }).split('\n')
  expect(lines.filter((line) => stringWidth(line) > width)).toEqual([])
  expect(lines.find((line) => line.includes('select'))?.endsWith('…')).toBe(width < 120)
})

// The line is that of `execute`: a statement may begin above it.
test('migrate show says where the migration reads, and what', async () => {
  const { migration, root, env } = await setupFleet()
  await migration(
    '0003_read',
    `const { rows } = await sql\`select count(*)\n from items\`.execute(db)
  if (rows.length > 0) await sql\`create table c ()\`.execute(db)`,
  )
  const { code, output } = await runFleet(['migrate', 'show', '0003_read'], { root, env })
  expect(code, output).toBe(0)
  expect(output).toMatch(/\n {3}Runs live: It .*\n {5}migrations\/0003_read\.ts:4\n {5}select count\(\*\) from items\n/)
})
