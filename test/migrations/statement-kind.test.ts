import { expect, test } from 'vitest'
import { parseConcurrentIndex } from '../../src/migrations/concurrent-index.ts'
import { sqlSkeleton } from '../../src/migrations/sql-skeleton.ts'
import {
  buildsUnnamedIndex,
  controlsTransaction,
  isConcurrentStep,
  isSessionSetting,
  looksLikeReading,
} from '../../src/migrations/statement-kind.ts'

test.each([
  [`select 'a;b' -- c;\n, 1`, `select ''  \n, 1`],
  [`/* a /* b */ ; */ x`, `x`],
  [`select e'it\\'s; $$', 'it''s;'`, `select '', ''''`],
  [`select "a;b"."c""d"`, `select ""."""" `.trim()],
  [`do $x$ commit; $$ $x$; y`, `do ''; y`],
  [`select a$b$, $1, c$b$`, `select a$b$, $1, c$b$`],
  [`select 'open`, `select ''`],
  [`select $$open`, `select ''`],
])('%j without what is quoted is %j', (text, skeleton) => {
  expect(sqlSkeleton(text)).toBe(skeleton)
})

test('a long text is read in little time', () => {
  const rows = Array.from({ length: 50_000 }, (_, n) => `(${n}, 'it''s row ${n}')`).join(',')
  expect(controlsTransaction(`insert into t values ${rows}; commit`)).toBe(true)
  expect(controlsTransaction(`select '${'x'.repeat(5_000_000)}'`)).toBe(false)
})

test.each([
  'begin',
  'BEGIN;',
  'start transaction',
  'commit',
  ' commit and chain',
  'end',
  'abort',
  'rollback',
  'rollback work',
  "prepare transaction 'x'",
  '-- first\ncommit',
  'select 1; /* now */ commit',
])('%j controls the transaction', (text) => {
  expect(controlsTransaction(text)).toBe(true)
})

test.each([
  'savepoint a',
  'rollback to a',
  'rollback to savepoint a',
  'rollback transaction to savepoint a',
  'release a',
  `select 'commit'`,
  'do $$ begin commit; end $$',
  'create function f() returns int begin atomic select 1; end',
  'prepare p as select 1',
  'select 1',
  'create table commit ()',
  '',
])('%j does not control the transaction', (text) => {
  expect(controlsTransaction(text)).toBe(false)
})

test.each([
  'select 1',
  '(select 1) union select 2',
  'with a as (select 1) select * from a',
  'select * from a for update',
  'values (1)',
  `select 'insert into x'`,
  'select 1;',
  '/* x */ select 1',
])('%j looks as if it only read', (text) => {
  expect(looksLikeReading(text)).toBe(true)
})

test.each(['set search_path to a', 'reset all', 'show x'])('%j is of the session', (text) => {
  expect(isSessionSetting(text)).toBe(true)
  expect(looksLikeReading(text)).toBe(false)
})

test('an index without a name is seen', () => {
  expect(buildsUnnamedIndex('create index concurrently on t (c)')).toBe(true)
  expect(buildsUnnamedIndex('CREATE UNIQUE INDEX CONCURRENTLY ON t (c)')).toBe(true)
  expect(buildsUnnamedIndex('create index concurrently i on t (c)')).toBe(false)
})

test.each([
  'with a as (insert into b values (1) returning *) select * from a',
  'select 1 into t',
  'insert into t values (1)',
  'create table t ()',
  'select 1; drop table t',
  'update t set a = 1',
])('%j is a step', (text) => {
  expect(looksLikeReading(text) || isSessionSetting(text)).toBe(false)
})

test.each([
  ['create index concurrently a on b (c)', true],
  ['CREATE UNIQUE INDEX CONCURRENTLY a ON b (c)', true],
  ['drop index concurrently a', true],
  ['reindex table concurrently a', true],
  ['alter table a detach partition b concurrently', true],
  ['vacuum full a', true],
  ['create index a on b (c)', false],
  [`comment on table a is 'concurrently'`, false],
  [`create table a (b text default 'concurrently')`, false],
])('%j runs alone: %s', (text, expected) => {
  expect(isConcurrentStep(text)).toBe(expected)
})

test.each([
  ['create index concurrently A_b on T (x)', { unique: false, name: 'a_b', table: 'T', definition: '(x)' }],
  [
    'create unique index concurrently if not exists "A""b" on only s."T" using btree (x) where x > 1;',
    { unique: true, name: 'A"b', table: 's."T"', definition: 'using btree (x) where x > 1' },
  ],
  [
    '-- c\n/* d */ create index concurrently a on b(lower(c))',
    { unique: false, name: 'a', table: 'b', definition: '(lower(c))' },
  ],
  ['create index concurrently on b (c)', undefined],
  ['create index a on b (c)', undefined],
])('%j is read', (text, expected) => {
  expect(parseConcurrentIndex(text)).toEqual(expected)
})
