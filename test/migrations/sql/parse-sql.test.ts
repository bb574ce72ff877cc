import { expect, test } from 'vitest'
import { parseSql, SqlSyntaxError, scanSql } from '../../../src/migrations/sql/parse-sql.ts'

test('a text is split into statements, without what is around them', () => {
  const text = "/* 😀 */ select 'ü😀' ; -- é\n\tselect /* in */ 2 /* behind */;;"
  expect(parseSql(text).map(({ sql, start, end }) => [sql, text.slice(start, end)])).toEqual([
    ["select 'ü😀'", "select 'ü😀'"],
    ['select /* in */ 2', 'select /* in */ 2'],
  ])
})

test('words have their places, comments included', () => {
  const text = `$1, '😀$2' -- 😀 $3`
  expect(scanSql(text).map(({ name, text: word, start, end }) => [name, word, text.slice(start, end)])).toEqual([
    ['PARAM', '$1', '$1'],
    ['ASCII_44', ',', ','],
    ['SCONST', `'😀$2'`, `'😀$2'`],
    ['SQL_COMMENT', '-- 😀 $3', '-- 😀 $3'],
  ])
})

test.each(['', ' ', ';', '-- nothing', '/* nothing */'])('nothing is no statement: "%s"', (text) => {
  expect(parseSql(text)).toEqual([])
})

test('a refusal has its place', () => {
  const refused = () => parseSql("select '😀';\n  selekt 1")
  expect(refused).toThrow(SqlSyntaxError)
  expect(refused).toThrow(expect.objectContaining({ line: 2, column: 3, position: 15 }))
  expect(() => scanSql("select 'open")).toThrow(SqlSyntaxError)
})
