import { expect, test } from 'vitest'
import { runsInTransaction } from '../../../src/migrations/compile/runs-in-transaction.ts'
import { parseSql } from '../../../src/migrations/sql/parse-sql.ts'
import { withClient } from '../../../src/postgres/connect.ts'
import { SQLSTATE, sqlstateOf } from '../../../src/postgres/sqlstate.ts'
import { withTestDatabase } from '../../support/test-server.ts'

const OUTSIDE = [
  'create index concurrently on t (i)',
  'create unique index concurrently if not exists x on t (i)',
  'drop index concurrently if exists x',
  'reindex table concurrently t',
  'reindex (verbose, concurrently) table t',
  'reindex (concurrently on) index t_i',
  'reindex schema public',
  'reindex database',
  'reindex system',
  'vacuum',
  'vacuum t',
  'vacuum full t',
  'create database x',
  'drop database if exists x',
  `create tablespace x location '/nowhere'`,
  'drop tablespace x',
  `alter system set work_mem = '4MB'`,
  'alter database x set tablespace y',
  'cluster',
  'discard all',
  'alter table p detach partition p1 concurrently',
  `create subscription x connection 'dbname=x' publication y`,
]
const INSIDE = [
  'create index on t (i)',
  'drop index if exists x',
  'reindex table t',
  'reindex (concurrently off) table t',
  'reindex (concurrently false) index t_i',
  'analyze',
  'analyze t',
  'cluster t using t_i',
  'discard plans',
  'refresh materialized view concurrently m',
  'alter table p detach partition p1',
  'alter database postgres with connection limit 5',
  `alter type mood add value 'ok'`,
  `create subscription x connection 'dbname=x' publication y with (connect = false, slot_name = none)`,
  `create subscription x connection 'dbname=x' publication y with (create_slot = off, connect = false, slot_name = none)`,
  'select 1',
  'create table u ()',
]
/** What needs a subscription to ask the server about. */
const DOCUMENTED = {
  'drop subscription x': false,
  'alter subscription x refresh publication': false,
  'alter subscription x add publication y': false,
  'alter subscription x set publication y with (refresh = false)': true,
  'alter subscription x set (two_phase = true)': false,
  'alter subscription x set (synchronous_commit = off)': true,
  'alter subscription x disable': true,
}

test('the statements that the server refuses in a transaction are known', () =>
  withTestDatabase(({ connection }) =>
    withClient(connection, { applicationName: 'test' }, async (client) => {
      await client.query(TABLES)
      for (const sql of [...OUTSIDE, ...INSIDE]) {
        await client.query('begin')
        const code = await client.query(sql).then(() => undefined, sqlstateOf)
        await client.query('rollback')
        // An older server does not know every form.
        if (code === SYNTAX_ERROR) continue
        const refused = code === SQLSTATE.activeTransaction
        const expected = OUTSIDE.includes(sql)
        expect({ sql, refused, transactional: judge(sql) }).toEqual({
          sql,
          refused: expected,
          transactional: !expected,
        })
      }
    }),
  ))

test.each(Object.entries(DOCUMENTED))('%s: %s', (sql, transactional) => {
  expect(judge(sql)).toBe(transactional)
})

const SYNTAX_ERROR = '42601'

function judge(sql: string): boolean[] | boolean {
  const [only, ...others] = parseSql(sql).map(({ node }) => runsInTransaction(node))
  return others.length === 0 && only !== undefined ? only : others
}

const TABLES = `create table t (i int); create index t_i on t (i); create type mood as enum ('sad');
create materialized view m as select 1 as i; create unique index on m (i);
create table p (i int) partition by list (i); create table p1 partition of p for values in (1)`
