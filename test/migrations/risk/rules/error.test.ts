import { expect, test } from 'vitest'
import { findMatches } from '../../../../src/migrations/risk/find-matches.ts'
import { parameterInDdl } from '../../../../src/migrations/risk/rules/parameter-in-ddl.ts'
import { parseSql } from '../../../../src/migrations/sql/parse-sql.ts'

function found(sql: string, parameters: boolean) {
  const statements = parseSql(sql).map((it) => ({ ...it, line: null, parameters }))
  return findMatches([parameterInDdl], statements, {
    inTransaction: true,
    traces: undefined,
    isEmpty: () => false,
  }).flat()
}

test.each([
  "alter table t alter c set default '5'",
  "alter table t add check (n > '5')",
  "create index on t (a) where a > '5'",
  "comment on table t is 'x'",
  "alter role app password 'x'",
  'do $$ begin end $$',
  "create view v as select '5'",
  "create materialized view v as select '5'",
  "create table t as execute p('5')",
  "execute p('5')",
  "copy (select '5') to stdout",
  "create table t (c int default '5')",
  "create table n (id int); alter table n add check (id > '5')",
])('a parameter is refused: %s', (sql) => {
  expect(found(sql, true).length).toBeGreaterThan(0)
  expect(found(sql, false)).toEqual([])
})

test.each([
  "select '5'",
  "insert into t values ('5')",
  "update t set a = '5'",
  "delete from t where a = '5'",
  "merge into t using u on t.id = u.id and u.a = '5' when matched then delete",
  "create table t as select '5' as a",
  "explain select '5'",
  "declare c cursor for select '5'",
  "call p('5')",
])('a parameter is taken: %s', (sql) => {
  expect(found(sql, true)).toEqual([])
})
