import { describe, expect, test } from 'vitest'
import { findMatches } from '../../../../src/migrations/risk/find-matches.ts'
import { deleteAllRows } from '../../../../src/migrations/risk/rules/delete-all-rows.ts'
import { deleteRows } from '../../../../src/migrations/risk/rules/delete-rows.ts'
import { dropColumn } from '../../../../src/migrations/risk/rules/drop-column.ts'
import { dropDatabase } from '../../../../src/migrations/risk/rules/drop-database.ts'
import { dropExtensionCascade } from '../../../../src/migrations/risk/rules/drop-extension-cascade.ts'
import { dropOwned } from '../../../../src/migrations/risk/rules/drop-owned.ts'
import { dropSchema } from '../../../../src/migrations/risk/rules/drop-schema.ts'
import { dropTable } from '../../../../src/migrations/risk/rules/drop-table.ts'
import { dropTypeCascade } from '../../../../src/migrations/risk/rules/drop-type-cascade.ts'
import { lossyTypeChange } from '../../../../src/migrations/risk/rules/lossy-type-change.ts'
import { mergeModifiesRows } from '../../../../src/migrations/risk/rules/merge-modifies-rows.ts'
import { truncate } from '../../../../src/migrations/risk/rules/truncate.ts'
import { updateAllRows } from '../../../../src/migrations/risk/rules/update-all-rows.ts'
import { updateRows } from '../../../../src/migrations/risk/rules/update-rows.ts'
import { upsertOverwrites } from '../../../../src/migrations/risk/rules/upsert-overwrites.ts'
import type { LostObject } from '../../../../src/migrations/risk/trace-facts.ts'
import { parseSql } from '../../../../src/migrations/sql/parse-sql.ts'
import { foundIn, type RuleCases, retyped, standing, testRules, touched, traced } from './found-in.ts'

const CASES: readonly RuleCases[] = [
  [
    dropDatabase,
    ['drop database app', 'drop database if exists app with (force)'],
    ['drop schema app', 'create database app'],
  ],
  [
    dropSchema,
    ['drop schema billing', 'drop schema if exists a, b cascade'],
    [
      'create schema s; drop schema s cascade',
      'drop table s.t',
      'create schema s; alter schema s rename to r; drop schema r',
    ],
  ],
  [
    dropTable,
    [
      'drop table t',
      'drop table if exists billing.t cascade',
      'drop table a, b',
      'drop foreign table f',
      'create table archive.orders (id int); drop table orders',
      'alter table t rename to t_old; create table t (id int); drop table t_old',
      'create table a (id int); drop table a; drop table b',
    ],
    [
      'create table t (id int); drop table t',
      'create table t as select 1 as id; drop table t',
      'select 1 as id into t; drop table t',
      'create temp table t (id int); drop table t',
      'create table billing.t (id int); drop table billing.t',
      'create table n (id int); alter table n rename to m; drop table m',
      'create table n (id int); alter table n set schema s; drop table s.n',
      'create table t (id int); drop table public.t',
      'drop view v',
      'drop index i',
      'create schema s create table t (id int); drop table s.t',
    ],
  ],
  [
    dropColumn,
    [
      'alter table t drop column c',
      'alter table if exists t drop c cascade',
      'alter table t add a int, drop b',
      'alter foreign table t drop column c',
      'alter type address drop attribute zip cascade',
    ],
    [
      'alter table t drop constraint c',
      'alter table t add c int; alter table t drop column c',
      'create table t (c int); alter table t drop column c',
      'alter table t rename c to d; alter table t add c int; alter table t drop column c',
      'create type address as (zip text); alter type address drop attribute zip',
    ],
  ],
  [
    dropTypeCascade,
    ['drop type mood cascade', 'drop type if exists a.mood, b cascade', 'drop domain posint cascade'],
    [
      'drop type mood',
      'drop domain posint',
      'create type mood as enum (); drop type mood cascade',
      'drop table mood cascade',
    ],
  ],
  [
    dropExtensionCascade,
    ['drop extension citext cascade', 'drop extension if exists hstore, citext cascade'],
    ['drop extension citext', 'create extension citext'],
  ],
  [dropOwned, ['drop owned by app', 'drop owned by app, current_user cascade'], ['reassign owned by a to b']],
  [
    truncate,
    [
      'truncate t',
      'truncate table only a, billing.b restart identity cascade',
      'create table a (id int); truncate a, b',
    ],
    ['create table t (id int); truncate t', 'create temporary table t (id int); truncate t', 'truncate pg_temp.t'],
  ],
  [
    deleteAllRows,
    [
      'delete from t',
      'delete from t where true',
      'delete from t where 1 = 1',
      'delete from t where not false',
      'delete from t using u',
      'with d as (delete from t returning *) select * from d',
      'explain (analyze, costs off) delete from t',
      'copy (delete from t returning *) to stdout',
      `delete from t where 'a' = 'a' and true`,
      'delete from t where id = 1 or true',
      'create table if not exists n (id int); delete from t',
    ],
    [
      'delete from t where id = 1',
      'delete from t where false',
      'delete from t where 1 = 2',
      'delete from t where null',
      'explain delete from t',
      'explain (analyze off) delete from t',
      'create rule r as on insert to t do also delete from u',
      'create function f() returns void begin atomic delete from t; end',
      'prepare p as delete from t',
      'create table t (id int); delete from t',
      'create temp table d (id int); delete from d',
    ],
  ],
  [
    deleteRows,
    [
      'delete from t where id = 1',
      'delete from t using u where t.id = u.id',
      'with d as (delete from t where id < 5 returning *) insert into archive select * from d',
      'create table archive.t (id int); delete from t where id = 1',
      'create temp table t (id int); delete from public.t where id = 1',
      'delete from t where current of c',
    ],
    [
      'delete from t',
      'delete from t where id = 1 and false',
      'create temp table t (id int); delete from t where id = 1',
    ],
  ],
  [
    updateAllRows,
    [
      'update t set a = 1',
      'update t set (a, b) = (1, 2) where true',
      'update t as x set a = u.a from u',
      'with c as (update t set a = 2 returning 1) select 1',
      'alter table t add b int; update t set a = 1, b = 2',
      'alter table t add b int; alter table t rename b to c; alter table t add a int; update t set b = 1',
    ],
    [
      'update t set a = 1 where id = 1',
      'update t set a = 1 where false',
      'alter table t add a int; update t set a = 1',
      'alter table t add a int, add b int; update t set (a, b) = (1, 2)',
      'alter table t add a int; alter table t rename a to b; update t set b = 1',
      'create table t (a int); update t set a = 1',
      'create view v as select 1; select 1',
    ],
  ],
  [
    updateRows,
    [
      'update t set a = 1 where id = 1',
      'update billing.t set a = u.a from u where u.id = t.id',
      'alter table u add a int; update t set a = 1 where id = 1',
    ],
    [
      'update t set a = 1',
      'alter table t add a int; update t set a = 1 where id = 1',
      'select * from t where id = 1 for update',
    ],
  ],
  [
    mergeModifiesRows,
    [
      'merge into t using u on t.id = u.id when matched then delete',
      'merge into t using u on t.id = u.id when matched then update set a = 1 when not matched then insert values (1)',
      'alter table t add a int; merge into t using u on t.id = u.id when matched and u.id = 1 then delete when matched then update set a = 1',
    ],
    [
      'merge into t using u on t.id = u.id when not matched then insert values (1)',
      'merge into t using u on t.id = u.id when matched then do nothing',
      'alter table t add a int; merge into t using u on t.id = u.id when matched then update set a = 1',
      'create table t (id int); merge into t using u on t.id = u.id when matched then delete',
    ],
  ],
  [
    upsertOverwrites,
    [
      'insert into t values (1) on conflict (id) do update set a = excluded.a',
      'with i as (insert into t values (1) on conflict (id) do update set a = 1 returning 1) select 1',
    ],
    [
      'insert into t values (1)',
      'insert into t values (1) on conflict do nothing',
      'alter table t add a int; insert into t values (1) on conflict (id) do update set a = 1',
      'create table t (id int); insert into t values (1) on conflict (id) do update set id = 2',
    ],
  ],
  [
    lossyTypeChange,
    [
      'alter table t alter c type int',
      'alter table t alter c type text using upper(c)',
      'alter table t alter c type varchar(3) using c::varchar(3)',
      'alter table t alter c type int using 0',
      'alter table t alter c type int using d::int',
      'alter table t alter c type mood using c::mood',
      'alter table t alter c type date',
      'alter table t alter c type text using c::date::text',
      `alter table t alter c type timestamptz using c at time zone 'Europe/Zurich'`,
    ],
    [
      'alter table t alter c type text',
      'alter table t alter c type varchar(10)',
      'alter table t alter c type text using c::text',
      'alter table t alter c type mood using c::text::mood',
      'alter table t alter c type timestamptz',
      'alter table t alter c set default 5',
      'create table t (c text); alter table t alter c type int',
      'alter table t add c text; alter table t alter c type int using 5',
      'alter foreign table t alter c type int',
      'alter table t alter c type text collate "C" using c collate "C"',
    ],
  ],
]

testRules(CASES)

function lost(kind: LostObject['kind'], table: string, column: string | null = null, generated = false): LostObject {
  const name = `public.${table}${column === null ? '' : `.${column}`}`
  return { kind, name, relation: { schema: 'public', name: table }, column, generated }
}

describe('a trace', () => {
  test.each([
    ['integer', 'bigint', false],
    ['bigint', 'integer', false],
    ['bigint', 'double precision', true],
    ['integer', 'double precision', false],
    ['integer', 'numeric(10, 2)', false],
    ['numeric(10,2)', 'numeric(12, 4)', false],
    ['numeric(10,2)', 'numeric(10, 1)', true],
    ['numeric(10,2)', 'numeric', false],
    ['numeric', 'numeric(10, 2)', true],
    ['numeric(10,0)', 'bigint', false],
    ['numeric(10,2)', 'integer', true],
    ['double precision', 'numeric', true],
    ['double precision', 'real', true],
    ['real', 'double precision', false],
    ['character varying(50)', 'varchar(100)', false],
    ['character varying(50)', 'varchar(20)', false],
    ['text', 'varchar(20)', false],
    ['text', 'char(20)', false],
    ['character(10)', 'text', false],
    ['character varying(5)[]', 'varchar(10)[]', false],
    ['text[]', 'text', false],
    ['text', 'citext', false],
    ['timestamp without time zone', 'timestamptz', false],
    ['timestamp with time zone', 'timestamp', false],
    ['timestamp(3) without time zone', 'timestamptz(6)', false],
    ['timestamp with time zone', 'timestamptz(0)', true],
    ['timestamp with time zone', 'date', true],
    ['timestamp with time zone', 'time', true],
    ['date', 'timestamp', false],
    ['time without time zone', 'interval', false],
    ['interval(3)', 'interval', false],
    ['json', 'jsonb', true],
    ['jsonb', 'json', false],
    ['jsonb', 'text', false],
    ['uuid', 'text', false],
    ['cidr', 'inet', false],
    ['inet', 'cidr', true],
    ['bit varying(8)', 'varbit(16)', false],
    ['mood', 'text', false],
    ['integer', 'posint', false],
  ])('says whether %s to %s loses values: %#', (from, to, loses) => {
    const trace = traced({ before: [standing('t', { c: from })], retyped: [retyped('t', 'c', from, to)] })
    expect(foundIn(lossyTypeChange, `alter table t alter c type ${to}`, { trace })).toHaveLength(loses ? 1 : 0)
  })

  test.each([
    ['text', 'int', 'c::int', false],
    ['text', 'mood', 'c::mood', false],
    ['mood', 'mood2', 'c::text::mood2', false],
    ['integer', 'text', 'c::text', false],
    ['integer', 'varchar(20)', 'c::varchar(20)', false],
    ['text', 'varchar(20)', 'c::varchar(20)', true],
    ['text', 'hstore', 'c::hstore', true],
    ['timestamp without time zone', 'timestamptz', "c at time zone 'UTC'", false],
    ['timestamp without time zone', 'timestamptz', "c at time zone 'Europe/Zurich'", true],
    ['text', 'text', 'upper(c)', true],
    ['text', 'text', 'trim(c)::text', true],
    ['double precision', 'bigint', 'c::bigint', true],
    ['timestamp without time zone', 'date', 'c::date', true],
  ])('says whether %s to %s using %s loses values: %#', (from, to, using, loses) => {
    const trace = traced({ before: [standing('t', { c: from })] })
    const sql = `alter table t alter c type ${to} using ${using}`
    expect(foundIn(lossyTypeChange, sql, { trace })).toHaveLength(loses ? 1 : 0)
  })

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
})
