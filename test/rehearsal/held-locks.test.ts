import { describe, expect, test } from 'vitest'
import { heldLocks, type LockSample } from '../../src/rehearsal/held-locks.ts'

const look = (
  at: number,
  transaction: string | null,
  locks: Readonly<Record<string, LockSample['locks'][number]['mode']>> = {},
): LockSample => ({ at, transaction, locks: Object.entries(locks).map(([table, mode]) => ({ table, mode })) })

describe('how long a table was locked', () => {
  test('counts from the look before to the look after, so that it is never too little', () => {
    const samples = [look(0, null), look(10, 't1', { a: 'SHARE' }), look(50, 't1', { a: 'SHARE' }), look(60, null)]
    expect(heldLocks(samples)).toEqual([{ table: 'a', mode: 'SHARE', ms: 60 }])
  })

  test('names the strongest mode of each table, the longest held first', () => {
    const samples = [
      look(0, 't1'),
      look(10, 't1', { a: 'SHARE' }),
      look(20, 't1', { a: 'ACCESS EXCLUSIVE', b: 'EXCLUSIVE' }),
      look(30, null),
    ]
    expect(heldLocks(samples)).toEqual([
      { table: 'a', mode: 'ACCESS EXCLUSIVE', ms: 30 },
      { table: 'b', mode: 'EXCLUSIVE', ms: 20 },
    ])
  })

  test('is that of the longest of several transactions, not their sum', () => {
    const samples = [
      look(0, 't1'),
      look(10, 't1', { a: 'SHARE' }),
      look(30, 't2', { a: 'SHARE' }),
      look(90, 't2', { a: 'SHARE' }),
      look(100, null),
    ]
    expect(heldLocks(samples)).toEqual([{ table: 'a', mode: 'SHARE', ms: 90 }])
  })

  test('goes to the last look where nothing was freed, and is nothing without one', () => {
    expect(heldLocks([look(0, 't1', { a: 'SHARE' }), look(40, 't1', { a: 'SHARE' })])).toEqual([
      { table: 'a', mode: 'SHARE', ms: 40 },
    ])
    expect(heldLocks([])).toEqual([])
    expect(heldLocks([look(0, null), look(10, 't1')])).toEqual([])
  })
})
