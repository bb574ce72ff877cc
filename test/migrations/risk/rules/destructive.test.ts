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
import { type RuleCases, testRules } from './found-in.ts'

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
