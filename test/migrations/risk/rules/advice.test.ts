import { describe, expect, test } from 'vitest'
import { briefExclusiveLock } from '../../../../src/migrations/risk/rules/brief-exclusive-lock.ts'
import { changeColumnTypeMetadataOnly } from '../../../../src/migrations/risk/rules/change-column-type-metadata-only.ts'
import { combineAlterTable } from '../../../../src/migrations/risk/rules/combine-alter-table.ts'
import { constraintUsingIndex } from '../../../../src/migrations/risk/rules/constraint-using-index.ts'
import { foreignKeyLocksReferenced } from '../../../../src/migrations/risk/rules/foreign-key-locks-referenced.ts'
import { statementsAfterExclusiveLock } from '../../../../src/migrations/risk/rules/statements-after-exclusive-lock.ts'
import { uniqueMayFail } from '../../../../src/migrations/risk/rules/unique-may-fail.ts'
import { validateConstraint } from '../../../../src/migrations/risk/rules/validate-constraint.ts'
import { foundIn, type RuleCases, standing, testRules, touched, traced } from './found-in.ts'

const NEW = 'create table n (id int, p_id int); '

const CASES: readonly RuleCases[] = [
  [
    validateConstraint,
    ['alter table t validate constraint c', 'alter table u add x int; alter table t validate constraint c'],
    [
      'alter table t add x int; alter table t validate constraint c',
      'alter table t add constraint c check (n > 0) not valid, validate constraint c',
      'alter domain d validate constraint c',
    ],
  ],
  [
    constraintUsingIndex,
    ['alter table t add constraint c unique using index i', 'alter table t add primary key using index i'],
    ['alter table t add unique (n)', `${NEW}alter table n add primary key using index i`],
  ],
  [
    foreignKeyLocksReferenced,
    [
      'create table n (p_id int references p)',
      'create table n (p_id int, foreign key (p_id) references p)',
      `${NEW}alter table n add foreign key (p_id) references p`,
      'alter table t add foreign key (p_id) references p not valid',
      'alter table t add x int references p',
    ],
    [
      'alter table t add foreign key (parent_id) references t',
      'create table p (id int primary key); create table n (p_id int references p)',
      'create table n (id int)',
    ],
  ],
  [
    briefExclusiveLock,
    [
      'create policy own on t using (true)',
      'alter policy own on t using (false)',
      'create rule r as on delete to t do instead nothing',
      'alter table t owner to app',
      'alter table t alter c set storage external',
      'alter table t alter c add generated always as identity',
      'alter table t enable row level security, force row level security',
      'create or replace view v as select 1',
    ],
    [
      'alter table t add x int',
      'alter table t alter c set default 1',
      'alter table t alter c set statistics 100',
      'alter table t set (fillfactor = 70)',
      'create view v as select 1',
      `${NEW}alter table n enable row level security`,
      `comment on table t is 'x'`,
    ],
  ],
  [
    uniqueMayFail,
    [
      'alter table t add unique (a, b)',
      'alter table t add primary key (id)',
      'create unique index concurrently i on t (a)',
      'create unique index i on t (a)',
    ],
    [
      'create index i on t (a)',
      'create unique index i on t (lower(a))',
      'alter table t add constraint c unique using index i',
      `${NEW}create unique index i on n (id)`,
    ],
  ],
  [
    statementsAfterExclusiveLock,
    [
      'alter table t add x int; select count(*) from t',
      'alter table t add x int; update t set n = 1',
      'alter table t add x int; create index on u (n)',
      'alter table t add x int; alter table u add x int',
      'alter table t add x int; create table n as select * from u',
      'drop trigger x on t; insert into n select * from u',
      'create trigger x before update on t execute function f(); update t set n = 1',
    ],
    [
      'alter table t add x int',
      'select count(*) from t',
      'alter table t add x int; alter table t add y int',
      'alter table t add x int; create table n (id int)',
      'alter table t add x int; insert into u values (1)',
      'alter table t add x int; update t set x = 1',
      'alter table t add x int; with t as (select 1) select * from t',
      `${NEW}alter table n add x int; select * from u`,
      'create trigger x before update on t execute function f(); update u set n = 1',
      'alter table t validate constraint c; select count(*) from t',
      'drop view v; select count(*) from t',
    ],
  ],
  [
    combineAlterTable,
    [
      'alter table t alter a type bigint; alter table t alter b type bigint',
      'alter table t add x uuid default gen_random_uuid(); create table n (); alter table t add y serial',
    ],
    [
      'alter table t alter a type bigint, alter b type bigint',
      'alter table t alter a type bigint; alter table u alter a type bigint',
      'alter table t add x int; alter table t alter b type bigint',
      `${NEW}alter table n alter id type bigint; alter table n alter p_id type bigint`,
    ],
  ],
]

describe('Advice', () => {
  testRules(CASES)

  test('is never a restore point, nor needs somebody to agree', () => {
    for (const [{ class: kind, restorePoint, approval }] of CASES) {
      expect([kind, restorePoint, approval]).toEqual(['advice', false, 'no'])
    }
  })
})

describe('change-column-type-metadata-only', () => {
  const before = [standing('t', { a: 'character varying(50)', b: 'integer' })]
  const sql = 'alter table t alter a type varchar(100)'

  test('speaks only of what is known', () => {
    expect(foundIn(changeColumnTypeMetadataOnly, sql)).toEqual([])
    expect(foundIn(changeColumnTypeMetadataOnly, sql, { trace: { kind: 'ran-alone', before } })).toEqual([
      expect.objectContaining({
        message:
          'ACCESS EXCLUSIVE on `t` blocks reads and writes for a moment while `a` becomes `varchar(100)`, for which no row is read.',
        lock: 'ACCESS EXCLUSIVE',
      }),
    ])
  })

  test('believes the trace', () => {
    const seen = (work: Parameters<typeof touched>[1]) => ({
      trace: traced({ before, relations: [touched('t', work)] }),
    })
    expect(foundIn(changeColumnTypeMetadataOnly, sql, seen({}))).toHaveLength(1)
    expect(foundIn(changeColumnTypeMetadataOnly, sql, seen({ scanned: true }))).toEqual([])
    expect(
      foundIn(changeColumnTypeMetadataOnly, 'alter table t alter b type bigint', seen({ rewritten: true })),
    ).toEqual([])
  })
})

describe('statements-after-exclusive-lock', () => {
  test('tells rows of the table itself from work elsewhere', () => {
    const own = foundIn(statementsAfterExclusiveLock, 'alter table t add x int; select count(*) from t')
    expect(own).toMatchObject([{ table: { name: 't' }, lock: 'ACCESS EXCLUSIVE', scan: true }])
    const elsewhere = foundIn(statementsAfterExclusiveLock, 'alter table t add x int; create index on u (n)')
    expect(elsewhere).toMatchObject([{ table: { name: 't' }, lock: 'ACCESS EXCLUSIVE', scan: false }])
    expect(elsewhere[0]?.message).toBe(
      'ACCESS EXCLUSIVE on `t`, from an earlier statement, goes on to block reads and writes until COMMIT while `u` is waited for.',
    )
  })

  test('sees through functions where the statement was traced', () => {
    const trace = traced({ relations: [touched('u', { lock: 'ROW EXCLUSIVE', scanned: true })] })
    const found = foundIn(statementsAfterExclusiveLock, 'alter table t add x int; select tidy()', { trace })
    expect(found[0]?.message).toContain('while `u` is worked on')
    const quiet = { trace: traced({ relations: [touched('u', { lock: 'ROW EXCLUSIVE' })] }) }
    expect(foundIn(statementsAfterExclusiveLock, 'alter table t add x int; select tidy()', quiet)).toEqual([])
  })

  test('ends with the transaction', () => {
    const sql = 'alter table t add x int; create index concurrently i on t (x); select count(*) from t'
    expect(foundIn(statementsAfterExclusiveLock, sql, { inTransaction: false })).toEqual([])
  })
})

test('combine-alter-table believes the trace', () => {
  const sql = 'alter table t alter a type bigint; alter table t alter b type text'
  const seen = (rewritten: boolean) => ({ trace: traced({ relations: [touched('t', { rewritten })] }) })
  expect(foundIn(combineAlterTable, sql, seen(true))).toHaveLength(1)
  expect(foundIn(combineAlterTable, sql, seen(false))).toEqual([])
})
