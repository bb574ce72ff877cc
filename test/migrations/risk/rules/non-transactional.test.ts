import { expect, test } from 'vitest'
import { concurrentlyInTransaction } from '../../../../src/migrations/risk/rules/concurrently-in-transaction.ts'
import { invalidIndexRetry } from '../../../../src/migrations/risk/rules/invalid-index-retry.ts'
import { notTransactional } from '../../../../src/migrations/risk/rules/not-transactional.ts'
import { transactionControl } from '../../../../src/migrations/risk/rules/transaction-control.ts'
import { foundIn, type RuleCases, testRules } from './found-in.ts'

const CASES: readonly RuleCases[] = [
  [
    concurrentlyInTransaction,
    [
      'create index concurrently i on t (a)',
      'drop index concurrently i',
      'reindex table concurrently t',
      'reindex (concurrently) index i',
      'alter table p detach partition c concurrently',
    ],
    [
      'create index i on t (a)',
      'refresh materialized view concurrently v',
      'reindex (concurrently false) index i',
      'reindex table t',
    ],
  ],
  [
    notTransactional,
    [
      'vacuum',
      'vacuum full t',
      'create database a',
      'drop database a',
      `create tablespace s location '/s'`,
      'drop tablespace s',
      `alter system set work_mem = '1MB'`,
      `create subscription s connection '' publication p`,
      'drop subscription s',
      'reindex database app',
      'reindex schema s',
      'cluster',
      'alter database a set tablespace s',
    ],
    [
      'analyze t',
      'cluster t using i',
      'reindex table t',
      'alter database a set work_mem = 5',
      'create index concurrently i on t (a)',
    ],
  ],
  [
    transactionControl,
    [
      'begin',
      'start transaction',
      'commit',
      'rollback',
      'abort',
      'end',
      `prepare transaction 'a'`,
      `commit prepared 'a'`,
    ],
    ['savepoint a', 'release savepoint a', 'rollback to savepoint a', 'set transaction isolation level serializable'],
  ],
  [
    invalidIndexRetry,
    ['create index concurrently if not exists i on t (a)', 'create unique index concurrently if not exists i on t (a)'],
    ['create index concurrently i on t (a)', 'create index if not exists i on t (a)'],
  ],
]

testRules(CASES)

test('outside a transaction CONCURRENTLY is as it should be', () => {
  expect(foundIn(concurrentlyInTransaction, 'create index concurrently i on t (a)', { inTransaction: false })).toEqual(
    [],
  )
})

test('what runs alone is refused in a transaction, and only told outside', () => {
  expect(foundIn(notTransactional, 'vacuum t')).toMatchObject([{ approval: 'refused' }])
  const [outside] = foundIn(notTransactional, 'vacuum t', { inTransaction: false })
  expect(outside?.approval).toBeUndefined()
})
