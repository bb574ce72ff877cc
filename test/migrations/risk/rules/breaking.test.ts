import { describe, expect, test } from 'vitest'
import { findMatches } from '../../../../src/migrations/risk/find-matches.ts'
import type { Rule } from '../../../../src/migrations/risk/rule.ts'
import { addRequiredColumn } from '../../../../src/migrations/risk/rules/add-required-column.ts'
import { disableRowSecurity } from '../../../../src/migrations/risk/rules/disable-row-security.ts'
import { disableTrigger } from '../../../../src/migrations/risk/rules/disable-trigger.ts'
import { dropCascade } from '../../../../src/migrations/risk/rules/drop-cascade.ts'
import { dropConstraint } from '../../../../src/migrations/risk/rules/drop-constraint.ts'
import { dropFunction } from '../../../../src/migrations/risk/rules/drop-function.ts'
import { dropMaterializedView } from '../../../../src/migrations/risk/rules/drop-materialized-view.ts'
import { dropNotNull } from '../../../../src/migrations/risk/rules/drop-not-null.ts'
import { dropPolicy } from '../../../../src/migrations/risk/rules/drop-policy.ts'
import { dropTrigger } from '../../../../src/migrations/risk/rules/drop-trigger.ts'
import { dropView } from '../../../../src/migrations/risk/rules/drop-view.ts'
import { renameColumn } from '../../../../src/migrations/risk/rules/rename-column.ts'
import { renameEnumValue } from '../../../../src/migrations/risk/rules/rename-enum-value.ts'
import { renameSchema } from '../../../../src/migrations/risk/rules/rename-schema.ts'
import { renameTable } from '../../../../src/migrations/risk/rules/rename-table.ts'
import { renameType } from '../../../../src/migrations/risk/rules/rename-type.ts'
import { renameView } from '../../../../src/migrations/risk/rules/rename-view.ts'
import { setSchema } from '../../../../src/migrations/risk/rules/set-schema.ts'
import type { LostObject } from '../../../../src/migrations/risk/trace-facts.ts'
import { parseSql } from '../../../../src/migrations/sql/parse-sql.ts'
import { foundIn, type RuleCases, standing, testRules, touched, traced } from './found-in.ts'

const CASES: readonly RuleCases[] = [
  [
    addRequiredColumn,
    [
      'alter table t add c int not null',
      'alter table t add c int not null default null',
      'alter table t add c int primary key',
      `alter table billing.t add a int, add c text not null check (c <> '')`,
    ],
    [
      'alter table t add c int',
      'alter table t add c int not null default 5',
      'alter table t add c int not null generated always as identity',
      'alter table t add c int not null generated always as (a + 1) stored',
      'alter table t add c serial not null',
      'alter table t add c bigserial primary key',
      'create table t (c int not null)',
      'create table t (id int); alter table t add c int not null',
    ],
  ],
  [
    renameColumn,
    [
      'alter table t rename c to d',
      'alter table t rename column c to d; alter table u add column c int; alter table t rename column e to f',
      'alter view v rename column c to d',
    ],
    [
      'alter table t rename to d',
      'alter table t rename constraint c to d',
      'create table t (c int); alter table t rename c to d',
      'alter table t add c int; alter table t rename c to d',
    ],
  ],
  [
    renameTable,
    ['alter table t rename to u', 'alter table if exists billing.t rename to u', 'alter foreign table t rename to u'],
    [
      'alter table t rename c to d',
      'create table t (id int); alter table t rename to u',
      'alter index i rename to j',
      'alter sequence s rename to r',
    ],
  ],
  [
    renameView,
    ['alter view v rename to w', 'alter materialized view v rename to w'],
    ['alter table v rename to w', 'create view v as select 1; alter view v rename to w'],
  ],
  [
    renameSchema,
    ['alter schema a rename to b'],
    ['create schema a; alter schema a rename to b', 'alter database a rename to b'],
  ],
  [
    renameType,
    [
      'alter type mood rename to feeling',
      'alter domain posint rename to positive',
      'alter type address rename attribute zip to postcode cascade',
    ],
    [
      'create type mood as enum (); alter type mood rename to feeling',
      'create domain posint as int; alter domain posint rename to positive',
      `alter type mood rename value 'a' to 'b'`,
    ],
  ],
  [
    renameEnumValue,
    [`alter type mood rename value 'a' to 'b'`],
    [`alter type mood add value 'b'`, `create type mood as enum ('a'); alter type mood rename value 'a' to 'b'`],
  ],
  [
    setSchema,
    [
      'alter table t set schema s',
      'alter type mood set schema s',
      'alter function f(int) set schema s',
      'alter extension hstore set schema s',
    ],
    [
      'alter table t rename to u',
      'create table t (id int); alter table t set schema s',
      'create type mood as enum (); alter type mood set schema s',
    ],
  ],
  [
    dropConstraint,
    ['alter table t drop constraint c', 'alter table t drop constraint if exists a, drop constraint b cascade'],
    [
      'alter table t add constraint c check (a > 0)',
      'alter domain d drop constraint c',
      'create table t (a int check (a > 0)); alter table t drop constraint t_a_check',
    ],
  ],
  [
    dropNotNull,
    ['alter table t alter c drop not null'],
    ['alter table t alter c set not null', 'alter table t add c int; alter table t alter c drop not null'],
  ],
  [
    dropView,
    ['drop view v', 'drop view if exists a, b cascade'],
    ['drop materialized view v', 'create view v as select 1; drop view v', 'drop table v'],
  ],
  [
    dropMaterializedView,
    ['drop materialized view v'],
    ['drop view v', 'create materialized view v as select 1; drop materialized view v'],
  ],
  [
    dropFunction,
    [
      'drop function f',
      'drop function f(int), g(text)',
      'drop procedure p()',
      'drop routine r',
      'drop aggregate a(int)',
      'create or replace function f() returns int return 1; drop function f',
    ],
    ['drop trigger f on t', 'create function f() returns int return 1; drop function f'],
  ],
  [
    dropTrigger,
    ['drop trigger a on t', 'drop trigger if exists a on billing.t'],
    ['drop event trigger a', 'create table t (id int); drop trigger a on t'],
  ],
  [dropPolicy, ['drop policy p on t'], ['drop trigger p on t', 'create table t (id int); drop policy p on t']],
  [
    dropCascade,
    [
      'drop table t cascade',
      'drop view v cascade',
      'drop function f cascade',
      'drop collation c cascade',
      'alter table t drop column c cascade',
      'alter table t drop constraint c cascade',
      'drop index i cascade',
    ],
    [
      'drop table t',
      'drop type mood cascade',
      'drop schema s cascade',
      'drop extension e cascade',
      'drop sequence s cascade',
      'create table t (id int); drop table t cascade',
    ],
  ],
  [
    disableRowSecurity,
    [
      'alter table t disable row level security',
      'alter table t no force row level security',
      'alter table t disable row level security; alter table u enable row level security; alter table t disable row level security',
    ],
    ['alter table t enable row level security', 'create table t (id int); alter table t disable row level security'],
  ],
  [
    disableTrigger,
    ['alter table t disable trigger a', 'alter table t disable trigger all', 'alter table t disable trigger user'],
    [
      'alter table t enable trigger a',
      'alter table t disable rule a',
      'create table t (id int); alter table t disable trigger all',
    ],
  ],
]

testRules(CASES)

/** Says whether a rule finds something in the first of these statements. */
function foundFirst(rule: Rule, sql: string, inTransaction = true): boolean {
  const statements = parseSql(sql).map((it) => ({ ...it, line: null, parameters: false }))
  const [first = []] = findMatches([rule], statements, { inTransaction, traces: undefined, isEmpty: () => false })
  return first.length > 0
}

describe('what follows in the same transaction', () => {
  test.each<[string, Rule, string, string]>([
    ['a view of the old name', renameTable, 'alter table t rename to u', 'create view t as select * from u'],
    ['a table of the old name', renameTable, 'alter table t rename to old', 'create table t (id int)'],
    ['another table in its place', renameTable, 'alter table t rename to old', 'alter table fresh rename to t'],
    ['a view of the old name', renameView, 'alter view v rename to w', 'create view v as select * from w'],
    ['a view in the old place', setSchema, 'alter table t set schema s', 'create view t as select * from s.t'],
    ['a column of the old name', renameColumn, 'alter table t rename c to d', 'alter table t add column c int'],
    [
      'the guard, on again',
      disableRowSecurity,
      'alter table t disable row level security',
      'alter table t enable row level security',
    ],
    ['the trigger, on again', disableTrigger, 'alter table t disable trigger a', 'alter table t enable trigger a'],
    [
      'all triggers, on again',
      disableTrigger,
      'alter table t disable trigger user',
      'alter table t enable trigger all',
    ],
  ])('makes it harmless: %s', (_, rule, first, second) => {
    expect(foundFirst(rule, first)).toBe(true)
    expect(foundFirst(rule, `${first}; ${second}`)).toBe(false)
    expect(foundFirst(rule, `${first}; ${second}`, false)).toBe(true)
    expect(foundFirst(rule, `${first}; vacuum; ${second}`)).toBe(true)
  })

  test('has to be about the same thing', () => {
    expect(foundFirst(disableTrigger, 'alter table t disable trigger a; alter table t enable trigger b')).toBe(true)
    expect(foundFirst(renameTable, 'alter table t rename to u; create view other as select 1')).toBe(true)
    expect(foundFirst(renameColumn, 'alter table t rename c to d; alter table u add column c int')).toBe(true)
  })
})

describe('a cascade that was traced', () => {
  const lost = (kind: LostObject['kind'], name: string, column: string | null = null): LostObject => ({
    kind,
    name: `public.${name}`,
    relation: { schema: 'public', name: name.split('.')[0] ?? '' },
    column,
    generated: false,
  })

  test('is no finding where nothing but the object itself is gone', () => {
    const trace = traced({ lost: [lost('table', 't')] })
    expect(foundIn(dropCascade, 'drop table t cascade', { trace })).toEqual([])
  })

  test('names what went along', () => {
    const trace = traced({ lost: [lost('table', 't'), lost('view', 'v'), lost('constraint', 'u.u_t_fkey')] })
    expect(foundIn(dropCascade, 'drop table t cascade', { trace })).toMatchObject([
      { message: 'CASCADE also drops `v` and `u.u_t_fkey`, which depend on `t`.' },
    ])
  })

  test('loses values with a column', () => {
    const trace = traced({ lost: [lost('column', 't.c', 'c')] })
    expect(foundIn(dropCascade, 'drop collation german cascade', { trace })).toMatchObject([
      { class: 'destructive', dataLoss: true, restorePoint: true },
    ])
  })
})

test('a constraint that was traced names the other table that it holds', () => {
  const trace = traced({ before: [standing('t', {})], relations: [touched('t'), touched('u')] })
  const [found] = foundIn(dropConstraint, 'alter table t drop constraint t_u_fkey', { trace })
  expect(found?.message).toContain('ACCESS EXCLUSIVE on `t` and `u` blocks')
})

test('a required column reads all rows before it fails', () => {
  expect(foundIn(addRequiredColumn, 'alter table t add c int not null')).toMatchObject([
    { lock: 'ACCESS EXCLUSIVE', scan: true },
  ])
})
