import { expect, test } from 'vitest'
import { ALL_RULES } from '../../../../src/migrations/risk/all-rules.ts'
import { findMatches } from '../../../../src/migrations/risk/find-matches.ts'
import { parseSql } from '../../../../src/migrations/sql/parse-sql.ts'
import { CASE_SCHEMA } from '../case-schema.ts'
import { factsOf, scratchDatabases } from '../scratch-database.ts'

const { trace } = scratchDatabases(CASE_SCHEMA)

/** What a rule says without a trace is what the server does: statement by statement, on tables that it names. */
test.each([
  ['add-column-volatile-default', 'alter table t add x uuid default gen_random_uuid()'],
  ['add-column-volatile-default', `alter table w add x bigint default nextval('s')`],
  ['add-column-unknown-default', 'alter table t add x int default zero_plpgsql()'],
  ['add-column-serial', 'alter table t add x bigserial'],
  ['add-column-identity', 'alter table u add x int generated always as identity'],
  ['add-column-stored-generated', 'alter table t add x int generated always as (n + 1) stored'],
  ['set-expression', 'alter table t alter stored_sum set expression as (base + 9)'],
  ['add-column-constrained-domain', 'create domain few as int check (value < 9); alter table t add x few'],
  ['change-column-type', 'alter table t alter n type bigint'],
  ['change-column-type', 'alter table t alter name type varchar(200)'],
  ['change-column-type', 'alter table t alter vc type text using upper(vc)'],
  ['set-unlogged', 'alter table w set unlogged'],
  ['set-logged', 'alter table w set unlogged; alter table w set logged'],
  ['vacuum-full-cluster', 'cluster w using w_pkey'],
  ['set-not-null', 'alter table t alter n set not null'],
  ['set-not-null', 'alter table t add constraint given not null n'],
  ['set-not-null', 'alter table t add x int generated always as (n + 1) virtual not null'],
  ['set-not-null', 'alter table t add x int default 1; alter table t alter x set not null'],
  ['add-check-constraint', 'alter table t add check (n > 0)'],
  ['add-check-constraint', 'alter table t add x int check (x > 0)'],
  ['add-foreign-key', 'alter table t add foreign key (free) references u (id)'],
  ['add-foreign-key', 'alter table t add x bigint default null references u (id)'],
  [
    'add-foreign-key',
    'alter table t alter constraint t_u_id_fkey not enforced; alter table t alter constraint t_u_id_fkey enforced',
  ],
  ['validate-in-same-transaction', 'alter table t add x int; alter table t validate constraint t_small_positive'],
  ['validate-in-same-transaction', 'alter table t add constraint c check (n > 0) not valid, validate constraint c'],
  [
    'validate-in-same-transaction',
    'alter table t add constraint c foreign key (free) references u not valid; alter table t validate constraint c',
  ],
  ['validate-constraint', 'alter table t validate constraint t_small_positive'],
  ['add-unique-constraint', 'alter table t add unique (free)'],
  ['add-unique-constraint', 'alter table t add x int unique'],
  ['add-primary-key', 'alter table nopk add primary key (a)'],
  ['add-exclusion-constraint', 'alter table t add exclude using gist (free with =)'],
  ['create-index-blocking', 'create index on t (free)'],
  ['create-index-blocking', 'create index on mv (name)'],
  ['reindex-blocking', 'reindex table t'],
  ['attach-partition', 'alter table q attach partition loose for values from (100) to (200)'],
  ['create-partition-of', 'create table q2 partition of q for values from (100) to (200)'],
  ['detach-partition-blocking', 'alter table q detach partition q1'],
  ['create-trigger', 'create trigger x before update on u for each row execute function touch()'],
  ['explicit-lock', 'lock table t in share mode'],
  ['backfill-in-migration', 'alter table t add x int; update t set x = 1'],
  ['constraint-using-index', 'alter table t add unique using index t_big_unique'],
  ['foreign-key-locks-referenced', 'create table child (u_id bigint references u (id))'],
  ['foreign-key-locks-referenced', 'alter table t add foreign key (free) references u (id) not valid'],
  ['brief-exclusive-lock', 'create policy own on t using (true)'],
  ['brief-exclusive-lock', 'alter table t alter name set storage external'],
  ['brief-exclusive-lock', 'alter table t replica identity full'],
  ['brief-exclusive-lock', 'create or replace view v as select id, name from u'],
  ['statements-after-exclusive-lock', 'alter table t add x int; select count(*) from t'],
])('%s says what happens: %s', async (id, migration) => {
  const rules = ALL_RULES.filter((rule) => rule.id === id)
  const statements = parseSql(migration).map(({ sql, node }) => ({ sql, node, line: null, parameters: false }))
  const found = findMatches(rules, statements, { inTransaction: true, traces: undefined, isEmpty: () => false }).at(-1)
  const [results = []] = await trace([statements.map(({ sql }) => sql)])
  const { relations } = factsOf(results.at(-1))

  const opinions = (found ?? []).map(({ match: { table, lock, rewrite = false, scan = false } }) => {
    const seen = relations.find(({ name }) => name === table?.name)
    const works = seen?.rewritten || seen?.scanned || seen?.indexBuilt
    return {
      told: { table: table?.name, lock, works: rewrite || scan, rewrite },
      seen: { table: seen?.name, lock: seen?.lock, works, rewrite: seen?.rewritten || (rewrite && seen?.indexBuilt) },
    }
  })
  expect(opinions.map(({ told }) => told)).toEqual(opinions.map(({ seen }) => seen))
  expect(opinions).not.toEqual([])
})
