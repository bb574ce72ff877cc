import { expect, test } from 'vitest'
import { answerShape } from '../../../src/migrations/record/answer-shape.ts'

test.each([
  ['select 1', true, false],
  ['select 1 into t', false, false],
  ['values (1)', true, false],
  ['table t', true, false],
  ['with x as (delete from t returning *) select * from x', true, false],
  ['show work_mem', true, false],
  ['explain select 1', true, false],
  ['insert into t values ($1)', false, true],
  ['insert into t values ($1) returning id', true, true],
  ['update t set a = 1', false, true],
  ['with x as (select 1) delete from t returning *', true, true],
  ['merge into t using s on true when matched then delete', false, true],
  ['create table t ()', false, false],
  ['create table t as select 1', false, false],
  ['select 1; select 2', false, false],
  ['', false, false],
  ['-- nothing', false, false],
  ['what is this', true, true],
])('%s', (sql, rows, count) => {
  expect(answerShape(sql)).toEqual({ rows, count })
})
