import { describe, expect, test } from 'vitest'
import { findMatches } from '../../../../src/migrations/risk/find-matches.ts'
import { deleteAllRows } from '../../../../src/migrations/risk/rules/delete-all-rows.ts'
import { dropColumn } from '../../../../src/migrations/risk/rules/drop-column.ts'
import { dropExtensionCascade } from '../../../../src/migrations/risk/rules/drop-extension-cascade.ts'
import { dropSchema } from '../../../../src/migrations/risk/rules/drop-schema.ts'
import { dropTable } from '../../../../src/migrations/risk/rules/drop-table.ts'
import { dropTypeCascade } from '../../../../src/migrations/risk/rules/drop-type-cascade.ts'
import { truncate } from '../../../../src/migrations/risk/rules/truncate.ts'
import type { LostObject } from '../../../../src/migrations/risk/trace-facts.ts'
import { parseSql } from '../../../../src/migrations/sql/parse-sql.ts'
import { foundIn, standing, touched, traced } from './found-in.ts'

function lost(kind: LostObject['kind'], table: string, column: string | null = null, generated = false): LostObject {
  const name = `public.${table}${column === null ? '' : `.${column}`}`
  return { kind, name, relation: { schema: 'public', name: table }, column, generated }
}

describe('a trace', () => {
  test('shows that IF EXISTS finds nothing to drop', () => {
    const trace = traced({ before: [standing('t', { id: 'bigint' })] })
    expect(foundIn(dropTable, 'drop table if exists nowhere', { trace })).toEqual([])
    expect(foundIn(dropTable, 'drop table if exists t', { trace })).toHaveLength(1)
    expect(foundIn(dropColumn, 'alter table t drop column if exists nothing', { trace })).toEqual([])
    expect(foundIn(dropColumn, 'alter table t drop column if exists id', { trace })).toHaveLength(1)
  })

  test('shows that CREATE TABLE IF NOT EXISTS made nothing', () => {
    const before = [standing('t', { id: 'bigint' })]
    const statements = parseSql('create table if not exists t (id int); delete from t').map((it) => ({
      ...it,
      line: null,
      parameters: false,
    }))
    const options = { inTransaction: true, isEmpty: () => false }
    const find = (traces: readonly ReturnType<typeof traced>[]) =>
      findMatches([deleteAllRows], statements, { ...options, traces })[1]
    expect(find([traced({ before }), traced({ before })])).toHaveLength(1)
    expect(find([traced({}), traced({ before: [{ ...standing('t', {}), old: false }] })])).toEqual([])
  })

  test('shows that a generated column holds nothing of its own', () => {
    const [id] = standing('t', { c: 'bigint' }).columns
    const before = [{ ...standing('t', {}), columns: id ? [{ ...id, generated: 'virtual' as const }] : [] }]
    const found = foundIn(dropColumn, 'alter table t drop column c', { trace: traced({ before }) })
    expect(found).toMatchObject([{ class: 'breaking', restorePoint: false }])
    expect(found[0]?.dataLoss).toBeUndefined()
  })

  test('names the columns that go with a type, and tells where none goes', () => {
    const trace = traced({ lost: [lost('type', 'mood'), lost('column', 't', 'feeling'), lost('column', 'u', 'm')] })
    expect(foundIn(dropTypeCascade, 'drop type mood cascade', { trace })).toMatchObject([
      { message: expect.stringContaining('`t.feeling` and `u.m`'), dataLoss: true, table: { schema: null, name: 't' } },
    ])
    const generated = traced({ lost: [lost('column', 't', 'double', true)] })
    expect(foundIn(dropTypeCascade, 'drop type mood cascade', { trace: generated })).toMatchObject([
      { class: 'breaking', restorePoint: false },
    ])
    expect(foundIn(dropTypeCascade, 'drop type mood cascade', { trace: traced({}) })).toEqual([])
  })

  test('shows the tables that an extension takes along without CASCADE', () => {
    const trace = traced({ lost: [lost('extension', 'cron'), lost('table', 'jobs')] })
    expect(foundIn(dropExtensionCascade, 'drop extension cron', { trace })).toMatchObject([{ dataLoss: true }])
  })

  test('shows whether a schema held values', () => {
    const full = traced({ lost: [{ ...lost('schema', 's'), relation: null }, lost('table', 'orders')] })
    expect(foundIn(dropSchema, 'drop schema s cascade', { trace: full })).toMatchObject([
      { message: expect.stringContaining('`orders`'), dataLoss: true },
    ])
    const empty = traced({ lost: [{ ...lost('schema', 's'), relation: null }] })
    expect(foundIn(dropSchema, 'drop schema s cascade', { trace: empty })).toMatchObject([{ class: 'breaking' }])
  })

  test('names the tables that TRUNCATE … CASCADE reaches', () => {
    const trace = traced({ relations: [touched('t'), touched('u'), touched('t_id_seq', { kind: 'sequence' })] })
    const [found] = foundIn(truncate, 'truncate t cascade', { trace })
    expect(found?.message).toContain('with those of `u`;')
  })
})
