import { describe, expect, test } from 'vitest'
import { findMatches } from '../../../../src/migrations/risk/find-matches.ts'
import { dynamicMigration } from '../../../../src/migrations/risk/rules/dynamic-migration.ts'
import { opaqueCode } from '../../../../src/migrations/risk/rules/opaque-code.ts'
import { unparsableSql } from '../../../../src/migrations/risk/rules/unparsable-sql.ts'
import type { TraceResult } from '../../../../src/migrations/risk/trace-facts.ts'
import { foundIn, type RuleCases, retyped, testRules, touched, traced } from './found-in.ts'

const CASES: readonly RuleCases[] = [
  [
    opaqueCode,
    [
      'do $$ begin perform 1; end $$',
      'call close_month(1)',
      'prepare p as delete from t; execute p',
      'select close_month()',
      'select billing.now()',
      'insert into t select slug(name) from u',
      'with f as (select purge()) select 1',
      'create table t as select close_month()',
      `select query_to_xml('delete from t', true, true, '')`,
      'select lo_unlink(5)',
      'explain analyze select purge()',
      'create table t as execute p',
    ],
    [
      'select now()',
      'select count(*), max(id) from t',
      'select pg_catalog.now(), gen_random_uuid()',
      `select set_config('search_path', '', false)`,
      'alter table t add c int default pick()',
      'create index on t (slug(name))',
      'create view v as select pick()',
      'explain select purge()',
      'create function f() returns int begin atomic select purge(); end',
      'prepare p as select purge()',
      'update t set a = lower(b)',
      'alter table t add check (is_fine(a))',
    ],
  ],
]

testRules(CASES)

describe('opaque code', () => {
  test('is no finding where the trace is clean', () => {
    const reads = traced({ relations: [touched('t', { lock: 'ACCESS SHARE' })] })
    expect(foundIn(opaqueCode, 'do $$ begin perform 1; end $$', { trace: reads })).toEqual([])
    expect(foundIn(opaqueCode, 'select lo_unlink(5)', { trace: reads })).toHaveLength(1)
  })

  test('may have written what it held', () => {
    const trace = traced({ relations: [touched('t', { lock: 'ROW EXCLUSIVE' })] })
    const [found] = foundIn(opaqueCode, 'select purge()', { trace })
    expect(found).toMatchObject({ table: { schema: null, name: 't' }, lock: 'ROW EXCLUSIVE', dataLoss: true })
  })

  test('did not need the lock that the statement itself takes', () => {
    const relations = [
      touched('t', { lock: 'ROW EXCLUSIVE' }),
      touched('t_id_seq', { lock: 'ROW EXCLUSIVE', kind: 'sequence' }),
    ]
    expect(foundIn(opaqueCode, 'insert into t select slug(name) from u', { trace: traced({ relations }) })).toEqual([])
    const beside = traced({ relations: [...relations, touched('log', { lock: 'ROW EXCLUSIVE' })] })
    expect(foundIn(opaqueCode, 'insert into t select slug(name) from u', { trace: beside })).toHaveLength(1)
  })

  test('loses what the trace shows', () => {
    const retype = traced({ relations: [touched('t')], retyped: [retyped('t', 'c', 'numeric', 'integer')] })
    expect(foundIn(opaqueCode, 'do $$ begin alter table t alter c type int; end $$', { trace: retype })).toMatchObject([
      { dataLoss: true },
    ])
  })

  test.each([
    ['begin alter table t add c int; exception when duplicate_column then null; end', false],
    ['begin insert into t (id) values (1); end', false],
    ["begin execute 'alter table t add c int'; end", false],
    ["begin execute format('create index on %I (a)', 't'); end", false],
    ['begin perform count(*) from t; end', false],
    ["begin raise notice 'nothing to delete'; end", false],
    ['begin delete from t; end', true],
    ['begin update t set a = 1; end', true],
    ["begin execute 'delete from t'; end", true],
    ["begin execute format('truncate %I', 't'); end", true],
    ["begin execute format('%s', text); end", true],
    ['begin execute command; end', true],
    ['begin perform purge(); end', true],
    ['begin x := billing.purge(1); end', true],
    ['begin call purge(); end', true],
    ['begin drop table t; end', true],
  ])('of a block may lose values by its words: %s', (body, loses) => {
    const trace = traced({ relations: [touched('t')] })
    expect(foundIn(opaqueCode, `do $$ ${body} $$`, { trace })).toMatchObject([{ dataLoss: loses }])
  })
})

describe('SQL that the parser refuses', () => {
  const find = (trace?: TraceResult) =>
    findMatches([unparsableSql], [{ sql: 'future syntax', node: null, line: 1, parameters: false }], {
      inTransaction: true,
      traces: trace && [trace],
      isEmpty: () => false,
    })[0]

  test('is unknown unless it was traced clean', () => {
    expect(find()).toHaveLength(1)
    expect(find(traced({ relations: [touched('t')] }))).toHaveLength(1)
    expect(find(traced({}))).toEqual([])
    expect(find({ kind: 'failed', sqlstate: '42601', message: '', needsData: false })).toHaveLength(1)
  })

  test('is none that parses', () => {
    expect(foundIn(unparsableSql, 'select 1')).toEqual([])
  })
})

test('a dynamic migration is found by the recorder, not in a statement', () => {
  expect(foundIn(dynamicMigration, 'delete from t')).toEqual([])
  expect(dynamicMigration).toMatchObject({ class: 'unknown', restorePoint: true, approval: 'yes' })
})
