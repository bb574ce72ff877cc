import { expect, test } from 'vitest'
import type { WriteCounters } from '../../src/model/restore-point.ts'
import { countLoss, doubtfulTables } from '../../src/restore/count-loss.ts'

const BEFORE: WriteCounters = {
  serverStart: '2026-01-01 00:00:00+00',
  statsBegan: '2026-01-01 00:00:00+00',
  statsReset: null,
  tables: [
    { table: 'public.a', oid: 1, writes: 10, deletes: 4, file: 1 },
    { table: 'public.b', oid: 2, writes: 0, deletes: 0, file: 2 },
  ],
}
const withWrites = (...writes: number[]): WriteCounters => ({
  ...BEFORE,
  tables: BEFORE.tables.map((it, index) => ({ ...it, writes: writes[index] ?? it.writes })),
})

test('nothing was written', () => {
  expect(countLoss(BEFORE, BEFORE)).toEqual({ kind: 'none' })
})

test('what was written is counted by table, most first', () => {
  expect(countLoss(BEFORE, withWrites(12, 5))).toEqual({
    kind: 'at-most',
    rows: 7,
    tables: [
      { table: 'public.b', rows: 5, deletes: 0 },
      { table: 'public.a', rows: 2, deletes: 0 },
    ],
  })
})

test('a table that was made since counts from its beginning', () => {
  const now = { ...BEFORE, tables: [...BEFORE.tables, { table: 'public.c', oid: 3, writes: 4, deletes: 0, file: 3 }] }
  expect(countLoss(BEFORE, now)).toMatchObject({ kind: 'at-most', rows: 4 })
})

test.each([
  ['there are no figures of before', null, BEFORE],
  ['there are no figures of now', BEFORE, null],
  ['the server was started again', BEFORE, { ...BEFORE, serverStart: '2026-01-02 00:00:00+00' }],
  [
    'the server crashed, and began to count anew',
    BEFORE,
    { ...withWrites(12, 0), statsBegan: '2026-01-01 10:00:00+00' },
  ],
  ['a table was emptied', BEFORE, { ...BEFORE, tables: BEFORE.tables.map((it) => ({ ...it, file: it.file + 10 })) }],
  ['the statistics were reset', BEFORE, { ...BEFORE, statsReset: '2026-01-01 10:00:00+00' }],
  ['a table is gone', BEFORE, { ...BEFORE, tables: BEFORE.tables.slice(1) }],
  [
    'a table was made again',
    BEFORE,
    { ...BEFORE, tables: [{ table: 'public.a', oid: 9, writes: 0, deletes: 0, file: 9 }] },
  ],
  ['a figure has shrunk, whatever the others say', BEFORE, withWrites(9, 100)],
])('unknown, never none, where %s', (_, before, now) => {
  expect(countLoss(before, now)).toMatchObject({ kind: 'unknown' })
})

test('rows have to be compared of all tables, or of those that may have been written to', () => {
  expect(doubtfulTables(null, BEFORE)).toBe('all')
  expect(doubtfulTables(BEFORE, { ...BEFORE, statsReset: '2026-01-01 10:00:00+00' })).toBe('all')
  expect(doubtfulTables(BEFORE, BEFORE)).toEqual([])
  expect(doubtfulTables(BEFORE, withWrites(10, 5))).toEqual([2])
  const rewritten = { ...BEFORE, tables: BEFORE.tables.map((it) => ({ ...it, file: it.oid === 1 ? 10 : it.file })) }
  expect(doubtfulTables(BEFORE, rewritten)).toEqual([1])
  // A restore takes nothing from a table that is gone.
  expect(doubtfulTables(BEFORE, { ...BEFORE, tables: BEFORE.tables.slice(1) })).toEqual([])
})
