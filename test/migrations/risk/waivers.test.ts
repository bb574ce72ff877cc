import { expect, test } from 'vitest'
import { findWaivers } from '../../../src/migrations/risk/waivers.ts'

test('waivers are found in comments, with their lines', () => {
  const text = `-- fleet: allow drop-table because nobody has used it since 2023
drop table t; --fleet: allow drop-column because it is empty
/*
 * fleet: allow delete-all-rows because they are demo data
 */
select '-- fleet: allow no-rule because this is a string', $$ -- fleet: allow no-rule $$; -- a fleet: of ships`
  expect(findWaivers(text)).toEqual([
    { rule: 'drop-table', reason: 'nobody has used it since 2023', line: 1 },
    { rule: 'drop-column', reason: 'it is empty', line: 2 },
    { rule: 'delete-all-rows', reason: 'they are demo data', line: 4 },
  ])
})

test.each([
  '-- fleet: allow drop-table',
  '-- fleet: allow drop-table because',
  '/* fleet: allow drop-table because  */',
])('a waiver without a reason is refused: %s', (comment) => {
  expect(() => findWaivers(`select 1;\n${comment}`, { file: 'a.sql' })).toThrow(
    /^a\.sql:2: The waiver .* has no reason\.$/,
  )
  expect(() => findWaivers(comment)).toThrow(/^Line 1 of the SQL: /)
})

test('a waiver that is not understood is refused', () => {
  expect(() => findWaivers('-- fleet: alow drop-table because of this')).toThrow('is not understood')
})
