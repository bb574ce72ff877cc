import { describe, expect, test } from 'vitest'
import { addCheckConstraint } from '../../../../src/migrations/risk/rules/add-check-constraint.ts'
import { addExclusionConstraint } from '../../../../src/migrations/risk/rules/add-exclusion-constraint.ts'
import { addForeignKey } from '../../../../src/migrations/risk/rules/add-foreign-key.ts'
import { addPrimaryKey } from '../../../../src/migrations/risk/rules/add-primary-key.ts'
import { addUniqueConstraint } from '../../../../src/migrations/risk/rules/add-unique-constraint.ts'
import { alterDomainAddConstraint } from '../../../../src/migrations/risk/rules/alter-domain-add-constraint.ts'
import { attachPartition } from '../../../../src/migrations/risk/rules/attach-partition.ts'
import { backfillInMigration } from '../../../../src/migrations/risk/rules/backfill-in-migration.ts'
import { createIndexBlocking } from '../../../../src/migrations/risk/rules/create-index-blocking.ts'
import { createPartitionOf } from '../../../../src/migrations/risk/rules/create-partition-of.ts'
import { createTrigger } from '../../../../src/migrations/risk/rules/create-trigger.ts'
import { detachPartitionBlocking } from '../../../../src/migrations/risk/rules/detach-partition-blocking.ts'
import { dropIndexBlocking } from '../../../../src/migrations/risk/rules/drop-index-blocking.ts'
import { explicitLock } from '../../../../src/migrations/risk/rules/explicit-lock.ts'
import { reindexBlocking } from '../../../../src/migrations/risk/rules/reindex-blocking.ts'
import { setNotNull } from '../../../../src/migrations/risk/rules/set-not-null.ts'
import { validateInSameTransaction } from '../../../../src/migrations/risk/rules/validate-in-same-transaction.ts'
import { foundIn, standing, touched, traced } from './found-in.ts'

describe('Locks are those that PostgreSQL takes', () => {
  test.each([
    [setNotNull, 'alter table t alter c set not null', 'ACCESS EXCLUSIVE'],
    [addCheckConstraint, 'alter table t add check (n > 0)', 'ACCESS EXCLUSIVE'],
    [addForeignKey, 'alter table t add foreign key (p_id) references p', 'SHARE ROW EXCLUSIVE'],
    [addForeignKey, 'alter table t add x int default 1 references p', 'ACCESS EXCLUSIVE'],
    [addUniqueConstraint, 'alter table t add unique (n)', 'ACCESS EXCLUSIVE'],
    [addPrimaryKey, 'alter table t add primary key (n)', 'ACCESS EXCLUSIVE'],
    [addExclusionConstraint, 'alter table t add exclude (n with =)', 'ACCESS EXCLUSIVE'],
    [createIndexBlocking, 'create index on t (n)', 'SHARE'],
    [reindexBlocking, 'reindex table t', 'SHARE'],
    [attachPartition, 'alter table p attach partition t default', 'ACCESS EXCLUSIVE'],
    [alterDomainAddConstraint, 'alter domain d set not null', 'SHARE'],
  ] as const)('$0.id, and every row is read: $1', (rule, sql, lock) => {
    expect(foundIn(rule, sql)).toMatchObject([{ lock, scan: true }])
  })

  test.each([
    [dropIndexBlocking, 'drop index t_n', 'ACCESS EXCLUSIVE'],
    [createPartitionOf, 'create table p1 partition of p default', 'ACCESS EXCLUSIVE'],
    [detachPartitionBlocking, 'alter table p detach partition p1', 'ACCESS EXCLUSIVE'],
    [createTrigger, 'create trigger x before insert on t execute function f()', 'SHARE ROW EXCLUSIVE'],
    [explicitLock, 'lock t in share mode', 'SHARE'],
  ] as const)('$0.id, for a moment: $1', (rule, sql, lock) => {
    const [match] = foundIn(rule, sql)
    expect(match).toMatchObject({ lock })
    expect(match?.scan).not.toBe(true)
  })

  test('a lock that is held already is the one that counts', () => {
    const sql =
      'alter table t add constraint c foreign key (p_id) references p not valid; alter table t validate constraint c'
    expect(foundIn(validateInSameTransaction, sql)).toMatchObject([{ lock: 'SHARE ROW EXCLUSIVE', scan: true }])
    const fill = 'alter table t add x int; update t set x = 1'
    expect(foundIn(backfillInMigration, fill)).toMatchObject([{ lock: 'ACCESS EXCLUSIVE', scan: true }])
  })

  test('outside a transaction nothing is held', () => {
    const outside = { inTransaction: false }
    const sql = 'alter table t add constraint c check (n > 0) not valid; alter table t validate constraint c'
    expect(foundIn(validateInSameTransaction, sql, outside)).toEqual([])
  })
})

describe('Messages', () => {
  test.each([
    [
      createIndexBlocking,
      'create unique index i on t (n)',
      'SHARE on `t` blocks writes while the index is built over every row.',
      'Run `create unique index CONCURRENTLY i on t (n)` in a migration of its own with `export const config = { transaction: false }`.',
    ],
    [
      addForeignKey,
      'alter table t add constraint fk foreign key (p_id) references billing.p',
      'SHARE ROW EXCLUSIVE on `t` and `billing.p` blocks writes to both while every row of `t` is looked up.',
      'Append NOT VALID, name it, and in the next migration `ALTER TABLE t VALIDATE CONSTRAINT fk`, which blocks neither reads nor writes.',
    ],
    [
      addForeignKey,
      'alter table t add foreign key (parent_id) references t',
      'SHARE ROW EXCLUSIVE on `t` blocks writes while every row is looked up in the table itself.',
      'Append NOT VALID, name it, and in the next migration `ALTER TABLE t VALIDATE CONSTRAINT t_fkey`, which blocks neither reads nor writes.',
    ],
    [
      setNotNull,
      'alter table "order" alter c set not null',
      'ACCESS EXCLUSIVE on `order` blocks reads and writes while every row is read for a NULL in `c`, and one NULL fails it with 23502.',
      'Add `ALTER TABLE "order" ADD CHECK (c IS NOT NULL) NOT VALID`, validate it in the next migration, and then SET NOT NULL reads no row.',
    ],
  ] as const)('$0.id: $1', (rule, sql, message, help) => {
    expect(foundIn(rule, sql)).toEqual([expect.objectContaining({ message, help })])
  })
})

describe('What the trace knows', () => {
  test('a column that is NOT NULL already needs no look, unless the server took one', () => {
    const before = [standing('t', { c: 'integer not null' })]
    const sql = 'alter table t alter c set not null'
    expect(foundIn(setNotNull, sql, { trace: { kind: 'ran-alone', before } })).toEqual([])
    const relations = [touched('t', { scanned: true })]
    expect(foundIn(setNotNull, sql, { trace: traced({ before, relations }) })).toHaveLength(1)
  })

  test('a primary key from an index on a nullable column reads every row', () => {
    const sql = 'alter table t add primary key using index t_id'
    expect(
      foundIn(addPrimaryKey, sql, { trace: traced({ relations: [touched('t', { scanned: true })] }) }),
    ).toHaveLength(1)
    expect(foundIn(addPrimaryKey, sql, { trace: traced({ relations: [touched('t')] }) })).toEqual([])
    const alone = (type: string) => ({
      inTransaction: false,
      trace: { kind: 'ran-alone', before: [standing('t', { id: type })] } as const,
    })
    const both = `create unique index concurrently t_id on t (id); ${sql}`
    expect(foundIn(addPrimaryKey, both, alone('bigint'))).toMatchObject([{ scan: true }])
    expect(foundIn(addPrimaryKey, both, alone('bigint not null'))).toEqual([])
  })

  test('a domain is found in the tables that use it', () => {
    const before = [
      standing('t', { a: 'positive' }),
      standing('u', { a: 'positive[]' }),
      standing('v', { a: 'integer' }),
    ]
    const found = foundIn(alterDomainAddConstraint, 'alter domain positive set not null', { trace: traced({ before }) })
    expect(found.map(({ table }) => table?.name)).toEqual(['t', 'u'])
  })

  test('a default partition is read for a new one', () => {
    const relations = [touched('p'), touched('rest', { scanned: true })]
    const sql = 'create table p1 partition of p for values in (1)'
    const found = foundIn(createPartitionOf, sql, { trace: traced({ relations }) })
    expect(found.map(({ table, scan = false }) => [table?.name, scan])).toEqual([
      ['p', false],
      ['rest', true],
    ])
    const attach = 'create table p1 (id int); alter table p attach partition p1 for values in (1)'
    const attached = foundIn(attachPartition, attach, { trace: traced({ relations }) })
    expect(attached).toMatchObject([{ table: { name: 'rest' }, scan: true }])
  })

  test('an index is named by its table', () => {
    const lost = { kind: 'index', name: 'public.t_n', column: null, generated: false } as const
    const trace = traced({ lost: [{ ...lost, relation: { schema: 'public', name: 't' } }] })
    expect(foundIn(dropIndexBlocking, 'drop index t_n', { trace })).toMatchObject([
      { table: { schema: null, name: 't' } },
    ])
    const relations = [touched('t', { lock: 'SHARE', indexBuilt: true, indexLocked: true, scanned: true })]
    const again = foundIn(reindexBlocking, 'reindex index t_n', { trace: traced({ relations }) })
    expect(again).toMatchObject([{ table: { schema: null, name: 't' }, lock: 'SHARE' }])
  })
})
