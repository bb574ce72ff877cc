import { describe, expect, test } from 'vitest'
import { findMatches } from '../../../src/migrations/risk/find-matches.ts'
import { deleteAllRows } from '../../../src/migrations/risk/rules/delete-all-rows.ts'
import { dropColumn } from '../../../src/migrations/risk/rules/drop-column.ts'
import { dropTable } from '../../../src/migrations/risk/rules/drop-table.ts'
import { updateAllRows } from '../../../src/migrations/risk/rules/update-all-rows.ts'
import type { TraceResult } from '../../../src/migrations/risk/trace-facts.ts'
import { parseSql } from '../../../src/migrations/sql/parse-sql.ts'

describe('what is exempt', () => {
  const find = (sql: string, options: { inTransaction?: boolean; empty?: string } = {}) => {
    const statements = parseSql(sql).map((it) => ({ ...it, line: null, parameters: false }))
    const { inTransaction = true, empty } = options
    const rules = [dropTable, deleteAllRows, dropColumn, updateAllRows]
    const isEmpty = ({ name }: { name: string }) => name === empty
    return findMatches(rules, statements, { inTransaction, traces: undefined, isEmpty }).at(-1) ?? []
  }

  test('ends where something was committed in between', () => {
    expect(find('create table t (id int); delete from t', { inTransaction: false })).toHaveLength(1)
    expect(find('create table t (id int); vacuum; delete from t')).toHaveLength(1)
    expect(find('alter table t add a int; create index concurrently i on t (a); update t set a = 1')).toHaveLength(1)
    expect(find('create temp table t (id int); vacuum; delete from t', { inTransaction: false })).toEqual([])
    expect(find('create temp table t (id int) on commit drop; delete from t', { inTransaction: false })).toHaveLength(1)
  })

  test('is a table without rows; to drop it still breaks what uses it', () => {
    expect(find('delete from t', { empty: 't' })).toEqual([])
    expect(find('drop table t', { empty: 't' })).toMatchObject([{ match: { class: 'breaking', restorePoint: false } }])
  })

  test('is a table that was renamed into the place of another', () => {
    const swap = 'create table n (id int); alter table t rename to o; alter table n rename to t;'
    expect(find(`${swap} delete from t`)).toEqual([])
    expect(find(`${swap} delete from o`)).toHaveLength(1)
  })

  test('is decided by the trace where a name may mean two tables', () => {
    const before = [
      { schema: 'public', name: 't', columns: [], old: true },
      { schema: 'archive', name: 't', columns: [], old: false },
    ]
    const trace: TraceResult = { kind: 'traced', facts: { before, relations: [], lost: [], retyped: [] } }
    const sql = 'set local search_path = archive; create table t (id int); delete from public.t; delete from archive.t'
    const statements = parseSql(sql).map((it) => ({ ...it, line: null, parameters: false }))
    const traces = statements.map(() => trace)
    const found = findMatches([deleteAllRows], statements, { inTransaction: true, traces, isEmpty: () => false })
    expect(found.map(({ length }) => length)).toEqual([0, 0, 1, 0])
  })
})
