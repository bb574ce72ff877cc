import { describe, expect, test } from 'vitest'
import type { StatementTrace } from '../../../src/migrations/risk/trace-facts.ts'
import { CASE_SCHEMA } from './case-schema.ts'
import { factsOf, scratchDatabases, traceOn } from './scratch-database.ts'

const { connect, trace } = scratchDatabases(CASE_SCHEMA)

describe('The most surprising statements are seen for what they are', () => {
  test.each<[sql: string | string[], seen: string[], setup?: string]>([
    ['alter table t add column x int not null default 5', ['t AE']],
    ['alter table t add column x timestamptz not null default now()', ['t AE']],
    ['alter table t add column x int default zero_sql()', ['t AE']],
    ['alter table t add column x int default zero_plpgsql()', ['t AE rewritten indexed scanned']],
    ['alter table t add column x int default zero_stable()', ['t AE']],
    ['alter table t add column x uuid default gen_random_uuid()', ['t AE rewritten indexed scanned']],
    ['alter table t add column x bigserial', ['t AE rewritten indexed scanned']],
    ['alter table t add column x int generated always as (n) virtual', ['t AE']],
    ['alter table t add column x int generated always as (n) stored', ['t AE rewritten indexed scanned']],
    ['alter table t add column x posint', ['t AE rewritten indexed scanned']],
    ['alter table t add column x int check (x > 0)', ['t AE scanned']],
    ['alter table t add column x bigint references u (id)', ['t AE', 'u SRE']],
    ['alter table t add column x bigint default 1 references u (id)', ['t AE scanned', 'u SRE']],
    ['drop table t', ['pk2 AE', 't AE', 'u AE']],
    [`alter type mood rename value 'sad' to 'blue'`, []],
    ['alter table t alter column ts type timestamptz', ['t AE']],
    [`alter table t alter column ts type timestamptz using ts at time zone 'UTC'`, ['t AE rewritten indexed scanned']],
    ['alter table t alter column name type varchar(200)', ['t AE rewritten indexed scanned']],
    ['alter table t alter column vcc type varchar(100)', ['t AE scanned']],
    ['alter table t alter column pk2_id type bigint', ['pk2 AE', 't AE rewritten indexed scanned']],
    ['alter table t alter column name type citext', ['t AE']],
    ['alter table t alter column txi type citext', ['t AE indexed scanned']],
    ['alter table t alter column n set not null', ['t AE scanned']],
    ['alter table t alter column guarded set not null', ['t AE']],
    [
      'alter table t alter column n set not null',
      ['t AE scanned'],
      'alter table t add check (n is not null) not valid',
    ],
    ['alter table t add foreign key (free) references u (id) not valid', ['t SRE', 'u SRE']],
    [
      'alter table t validate constraint c',
      ['t SUE scanned', 'u RS'],
      'alter table t add constraint c foreign key (free) references u (id) not valid',
    ],
    ['alter table t add exclude using gist (free with =)', ['t AE indexed scanned']],
    ['reindex table t', ['t S indexed locked scanned']],
    ['create table p3 partition of p for values in (9)', ['p AE', 'pd AE scanned']],
    ['alter table q attach partition loose for values from (100) to (200)', ['loose AE scanned', 'q SUE']],
    ['alter table q attach partition loose_checked for values from (200) to (300)', ['loose_checked AE', 'q SUE']],
    ['alter domain posint add check (value < 9)', ['t S scanned']],
    ['alter domain posint add constraint less check (value < 9) not valid', []],
    ['create trigger x before update on u for each row execute function touch()', ['u SRE']],
    ['drop trigger w_touch on w', ['w AE']],
    ['truncate log', ['log AE emptied']],
    ['refresh materialized view mv', ['mv AE rewritten indexed scanned']],
    ['refresh materialized view mv with no data', ['mv AE emptied']],
    ['do $$ begin alter table t alter column n type bigint; end $$', ['t AE rewritten indexed scanned']],
    [`do $$ begin execute 'truncate log'; end $$`, ['log AE emptied']],
    ['select widen_w()', ['child_of_t AE rewritten scanned', 'w AE rewritten indexed scanned']],
  ])('%s', async (sql, seen, setup) => {
    const [results] = await trace([[sql].flat()], setup)
    expect(seenBy(factsOf(results?.at(-1)))).toEqual(seen)
  })
})

const SHORT: Record<string, string> = {
  'ACCESS EXCLUSIVE': 'AE',
  EXCLUSIVE: 'E',
  'SHARE ROW EXCLUSIVE': 'SRE',
  SHARE: 'S',
  'SHARE UPDATE EXCLUSIVE': 'SUE',
  'ROW EXCLUSIVE': 'RE',
  'ROW SHARE': 'RS',
}

/** What is more than a read, in one line per table. */
function seenBy({ relations }: StatementTrace): string[] {
  return relations
    .filter(({ kind, lock }) => kind !== 'sequence' && lock !== null && lock in SHORT)
    .map(({ name, lock, rewritten, indexBuilt, indexLocked, scanned, emptied }) =>
      [
        name,
        SHORT[lock ?? ''],
        ...(rewritten ? ['rewritten'] : []),
        ...(indexBuilt ? ['indexed'] : []),
        ...(indexLocked && !rewritten && lock !== 'ACCESS EXCLUSIVE' ? ['locked'] : []),
        ...(scanned ? ['scanned'] : []),
        ...(emptied ? ['emptied'] : []),
      ].join(' '),
    )
    .sort()
}

describe('What is gone is named', () => {
  test.each<[sql: string, lost: string[]]>([
    ['alter table t drop column name', ['column public.t.name']],
    ['alter table t drop column vcx', ['column public.t.vcx', 'index public.t_vcx']],
    ['alter table serials drop column id', ['column public.serials.id']],
    ['drop table p', ['partition public.p1', 'partition public.p2', 'partition public.pd', 'table public.p']],
    ['drop type mood cascade', ['column public.t.m', 'type public.mood']],
    ['drop extension citext cascade', ['column public.t.ct', 'extension citext']],
    ['drop schema archive cascade', ['schema archive', 'table archive.old_orders']],
    ['drop sequence s', ['sequence public.s']],
    ['drop table if exists nowhere', []],
    ['alter table t alter column n type bigint', []],
    ['alter table t rename to tt', []],
    ['truncate log', []],
    ['drop function zero_stable()', ['function public.zero_stable']],
    ['drop policy w_all on w', ['policy public.w.w_all']],
    ['drop trigger w_touch on w', ['trigger public.w.w_touch']],
    ['alter table t drop constraint t_u_id_fkey', ['constraint public.t.t_u_id_fkey']],
  ])('%s', async (sql, lost) => {
    const [results] = await trace([[sql]])
    const names = factsOf(results?.[0]).lost.map(({ kind, name }) => `${kind} ${name}`)
    expect(names.sort()).toEqual(lost)
  })

  test('A generated column is marked, for it holds nothing of its own', async () => {
    const [results] = await trace([['alter table t drop column virtual_sum']])
    expect(factsOf(results?.[0]).lost).toEqual([
      {
        kind: 'column',
        name: 'public.t.virtual_sum',
        relation: { schema: 'public', name: 't' },
        column: 'virtual_sum',
        generated: true,
      },
    ])
  })

  test('A column of another type is told with both', async () => {
    const [results] = await trace([
      ['alter table t alter column price type numeric(10, 1), alter column vc type varchar(60)'],
    ])
    expect(factsOf(results?.[0]).retyped).toEqual([
      {
        relation: { schema: 'public', name: 't' },
        column: 'vc',
        from: 'character varying(50)',
        to: 'character varying(60)',
      },
      { relation: { schema: 'public', name: 't' }, column: 'price', from: 'numeric(10,2)', to: 'numeric(10,1)' },
    ])
  })

  test('What the migration made itself is nobody else’s', async () => {
    const [results] = await trace([
      ['create table a (id int)', 'alter table t add column x int', 'drop table a', 'alter table t drop column x'],
    ])
    expect(results?.flatMap((it) => factsOf(it).lost)).toEqual([])
    expect(results?.flatMap((it) => factsOf(it).relations.filter(({ name }) => name === 'a'))).toEqual([])
  })
})

describe('Statements share a transaction', () => {
  test('A lock is new only once, and the work is each statement’s own', async () => {
    const [results] = await trace([
      ['alter table t add check (n > 0) not valid', 'alter table t validate constraint t_n_check'],
    ])
    expect(results?.map((it) => factsOf(it).relations.filter(({ name }) => name === 't'))).toMatchObject([
      [{ lock: 'ACCESS EXCLUSIVE', lockIsNew: true, scanned: false }],
      [{ lock: 'ACCESS EXCLUSIVE', lockIsNew: false, scanned: true }],
    ])
  })

  test('Rows that were written under a stronger lock are told', async () => {
    const [results] = await trace([
      ['alter table log add column x int', 'do $$ begin update log set x = 1; end $$', 'select 1'],
    ])
    const written = results?.map((it) =>
      factsOf(it)
        .relations.filter((table) => table.written)
        .map(({ name }) => name),
    )
    expect(written?.slice(0, 2)).toEqual([[], ['log']])
  })

  test('The next migration sees what the one before has made', async () => {
    const traces = await trace([['create table a (id int)'], ['alter table a alter column id type bigint']])
    expect(factsOf(traces[1]?.[0]).relations).toMatchObject([{ name: 'a', rewritten: true }])
    expect(factsOf(traces[1]?.[0]).before.find(({ name }) => name === 'a')).toMatchObject({ old: true })
  })

  test('A new enum value can be used by the next migration', async () => {
    const traces = await trace([
      [`alter type mood add value 'great'`],
      [`alter table t alter column m set default 'great'`],
    ])
    expect(traces.flat().map(({ kind }) => kind)).toEqual(['traced', 'traced'])
  })

  test('A statement that runs outside a transaction runs alone, and so do its neighbours', async () => {
    const [results] = await trace([
      ['create table a (id int)', 'create index concurrently a_id on a (id)', 'alter table a add primary key (id)'],
    ])
    expect(results?.map(({ kind }) => kind)).toEqual(['traced', 'ran-alone', 'traced'])
    // Committed in between, it is everybody's.
    expect(factsOf(results?.[2]).relations).toMatchObject([{ name: 'a', indexBuilt: true }])
  })
})

describe('What cannot be traced is never called safe', () => {
  test('A failure keeps what was traced before it, and stops', async () => {
    const traces = await trace([['select 1', 'alter table missing add column x int', 'select 2'], ['select 3']])
    expect(traces.map((results) => results.map(({ kind }) => kind))).toEqual([
      ['traced', 'failed', 'not-traced'],
      ['not-traced'],
    ])
    expect(traces[0]?.[1]).toMatchObject({ sqlstate: '42P01', needsData: false })
    expect(traces[1]?.[0]).toEqual({ kind: 'not-traced', reason: 'statement 2 of `0001` failed' })
  })

  test.each([
    `insert into t (required) values ((select id from u limit 1))`,
    `insert into t (required, guarded, u_id) values (1, 1, 5)`,
    `do $$ declare x int; begin select id into strict x from u; end $$`,
    `do $$ begin if not exists (select from u) then raise 'no users'; end if; end $$`,
    `select setval('s', (select coalesce(max(id), 0) from u))`,
    `select 1 / count(*) from u`,
  ])('Needs data: %s', async (sql) => {
    const [results] = await trace([[sql]])
    expect(results).toMatchObject([{ kind: 'failed', needsData: true }])
  })

  test('A deferred constraint fails at commit', async () => {
    const [results] = await trace(
      [['insert into t (required, guarded, u_id) values (1, 1, 5)']],
      'alter table t alter constraint t_u_id_fkey deferrable initially deferred',
    )
    expect(results).toMatchObject([
      { kind: 'failed', sqlstate: '23503', needsData: true, message: expect.stringMatching(/^at commit: /) },
    ])
  })

  test('An extension that the server lacks', async () => {
    const [results] = await trace([['create extension no_such_extension', 'select 1']])
    expect(results).toMatchObject([
      { kind: 'not-traced', reason: expect.stringContaining('the scratch server cannot') },
      { kind: 'not-traced', reason: 'statement 1 of `0001` was not traced' },
    ])
  })

  test('What acts on the server is not run', async () => {
    const [results] = await trace([['create database elsewhere_of_fleet_test']])
    expect(results).toMatchObject([{ kind: 'not-traced', reason: 'it reaches beyond the database that it runs in' }])
  })

  test('A role that a migration makes is not left on the server', async () => {
    const client = await connect()
    const traces = await traceOn(client, [['create role fleet_test_traced_role', 'select 1'], ['select 2']])
    expect(traces.map(({ statements }) => statements.map(({ kind }) => kind))).toEqual([
      ['traced', 'traced'],
      ['not-traced'],
    ])
    const { rows } = await client.query(`select from pg_roles where rolname = 'fleet_test_traced_role'`)
    expect(rows).toEqual([])
  })

  test('A migration that ends its transaction', async () => {
    const [results] = await trace([['create table a (id int)', 'commit']])
    expect(results?.map(({ kind }) => kind)).toEqual(['traced', 'not-traced'])
  })
})
