import { expect, test } from 'vitest'
import { compileSql } from '../../../src/migrations/compile/compile-sql.ts'

test('a file of SQL becomes statements with their lines', () => {
  const text = `-- a table\ncreate table t (\n  id int\n);\n\n/* and\n an index */ create index concurrently i on t (id);`
  expect(compileSql(text, { file: 'a.sql' })).toEqual([
    { sql: 'create table t (\n  id int\n)', transactional: true, parameters: false, line: 2 },
    { sql: 'create index concurrently i on t (id)', transactional: false, parameters: false, line: 7 },
  ])
})

test('a file that does not parse is refused with the place', () => {
  expect(() => compileSql('select 1;\nselekt 2;', { file: 'a.sql' })).toThrow(
    'a.sql:2:1: The SQL does not parse: syntax error at or near "selekt".\n  selekt 2;\n  ^',
  )
  expect(() => compileSql('select 1;\n\0', { file: 'a.sql' })).toThrow('a.sql:2: The SQL holds a NUL byte.')
})
