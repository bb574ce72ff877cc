import { expect, test } from 'vitest'
import { dropExpression } from '../../../../src/migrations/risk/rules/drop-expression.ts'
import { dropSequence } from '../../../../src/migrations/risk/rules/drop-sequence.ts'
import { enumAddValue } from '../../../../src/migrations/risk/rules/enum-add-value.ts'
import { sequenceReset } from '../../../../src/migrations/risk/rules/sequence-reset.ts'
import { foundIn, type RuleCases, testRules } from './found-in.ts'

const CASES: readonly RuleCases[] = [
  [
    dropSequence,
    ['drop sequence s', 'drop sequence if exists billing.s, r cascade'],
    [
      'create sequence s; drop sequence s',
      'create table t (id serial); drop sequence t_id_seq',
      'create sequence s; alter sequence s rename to r; drop sequence r',
      'drop table s',
    ],
  ],
  [
    sequenceReset,
    [
      `select setval('s', 1)`,
      `select pg_catalog.setval('billing.s'::regclass, 5, true)`,
      `select setval(pg_get_serial_sequence('t', 'id'), max(id)) from t`,
      'alter sequence s restart',
      'alter sequence s restart with 5',
      'alter sequence s start with 3',
      'alter table t alter column id restart with 7',
      'truncate t restart identity',
      `do $$ begin end $$; select setval('s', 1)`,
    ],
    [
      `create sequence s; select setval('s', 1)`,
      `create table t (id serial); select setval('t_id_seq', 1)`,
      `create table t (id serial); select setval(pg_get_serial_sequence('t', 'id'), 1)`,
      'create sequence s; alter sequence s restart',
      'alter sequence s increment by 2',
      'truncate t',
      `select nextval('s')`,
      `create function f() returns bigint begin atomic select setval('s', 1); end`,
      'create table t (id serial); truncate t restart identity',
    ],
  ],
  [
    enumAddValue,
    [`alter type mood add value 'great'`, `alter type a.mood add value if not exists 'great' before 'ok'`],
    [`alter type mood rename value 'a' to 'b'`, `create type mood as enum ('a'); alter type mood add value 'b'`],
  ],
  [
    dropExpression,
    ['alter table t alter c drop expression', 'alter table t alter c drop expression if exists'],
    [
      'alter table t alter c drop default',
      'create table t (a int, c int generated always as (a) stored); alter table t alter c drop expression',
    ],
  ],
]

testRules(CASES)

test('the cascade of a sequence takes defaults along, and a restore point', () => {
  expect(foundIn(dropSequence, 'drop sequence s')).toMatchObject([{ restorePoint: false }])
  expect(foundIn(dropSequence, 'drop sequence s cascade')).toMatchObject([{ restorePoint: true }])
})
