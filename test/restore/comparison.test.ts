import { expect, test } from 'vitest'
import type { Loss } from '../../src/model/restore-point.ts'
import { compareRows } from '../../src/restore/compare-rows.ts'
import { csvLine } from '../../src/restore/csv-line.ts'
import { isSalvageable } from '../../src/restore/is-salvageable.ts'
import { matchTables, type StoredTable } from '../../src/restore/match-tables.ts'
import { salvageFileName } from '../../src/restore/salvage-file-name.ts'

const table = (name: string, oid: number, ...columns: string[]): StoredTable => ({
  schema: 'public',
  name,
  oid,
  bytes: 0,
  columns: columns.map((column, index) => ({ name: column, number: index + 1, missing: null })),
})
const pairs = (newer: StoredTable[], older: StoredTable[]) =>
  matchTables(newer, older).map(({ newer: it, older: former, columns, added }) => ({
    [it.name]: former?.name ?? null,
    columns: columns.map((column) => `${column.newer}=${column.older}`),
    added: added.map((column) => column.name),
  }))

test('a table is what has its name, else what was renamed; a column likewise', () => {
  expect(pairs([table('a', 1, 'x', 'z')], [table('a', 1, 'x', 'y')])).toEqual([
    { a: 'a', columns: ['x=x', 'z=y'], added: [] },
  ])
  expect(pairs([table('b', 1, 'x')], [table('a', 1, 'x')])).toEqual([{ b: 'a', columns: ['x=x'], added: [] }])
  // Made again under its old name, beside the old one.
  expect(pairs([table('a', 2, 'x'), table('old', 1, 'x')], [table('a', 1, 'x')])).toEqual([
    { a: 'a', columns: ['x=x'], added: [] },
    { old: null, columns: [], added: ['x'] },
  ])
})

test('a table without a column in common is another one: equal numbers of rows say nothing', () => {
  expect(pairs([table('a', 2, 'y')], [table('a', 1, 'x')])).toEqual([{ a: null, columns: [], added: ['y'] }])
})

test('rows are compared as often as they are there', async () => {
  const rows = (text: string) => [...text].map((it) => ({ hash: Buffer.from(it), it }))
  const only: string[] = []
  const compare = (newer: string, older: string) =>
    compareRows(rows(newer), rows(older), ({ it }) => void only.push(it))
  expect(await compare('aabc', 'abbd')).toEqual({ newer: 2, older: 2 })
  expect(only).toEqual(['a', 'c'])
  expect(await compare('', 'ab')).toEqual({ newer: 0, older: 2 })
  expect(await compare('ab', '')).toEqual({ newer: 2, older: 0 })
  expect(await compare('abc', 'abc')).toEqual({ newer: 0, older: 0 })
})

test('a line of CSV tells null from the empty string', () => {
  expect(csvLine([null, '', 'a"b', '\\.'])).toBe(',"","a""b","\\."\n')
})

test('names of files are safe, differ where case alone does, and are not too long', () => {
  const taken = new Set<string>()
  const name = (schema: string, it: string) => salvageFileName({ schema, name: it }, taken)
  expect(name('public', 'items')).toBe('public.items.csv')
  expect(name('public', 'Items')).toMatch(/^public\.Items~[0-9a-f]{12}\.csv$/)
  expect(name('..', '../a b.c')).toBe('%2E%2E.%2E%2E%2Fa%20b%2Ec.csv')
  expect(Buffer.byteLength(name('/'.repeat(63), '€'.repeat(21)))).toBeLessThan(255)
  expect(name('/'.repeat(63), '%'.repeat(63))).not.toBe(name('/'.repeat(63), '&'.repeat(63)))
})

const atMost = (rows: number, deletes: number, of = 'public.a'): Loss => ({
  kind: 'at-most',
  rows,
  tables: [{ table: of, rows, deletes }],
})
const exact = (newer: number, older: number): Loss => ({ kind: 'exact', newer, older, tables: [] })
const UNKNOWN: Loss = { kind: 'unknown', why: 'so it is' }

test.each<[boolean, string, Loss, Loss]>([
  [true, 'nothing', { kind: 'none' }, UNKNOWN],
  [true, 'inserted rows', exact(2, 0), UNKNOWN],
  [true, 'updated rows, as the statistics know', exact(1, 1), atMost(1, 0)],
  [false, 'rows that may have been updated or deleted', exact(1, 1), UNKNOWN],
  [false, 'deleted rows', exact(0, 1), atMost(1, 1)],
  [true, 'at most so many, none deleted', atMost(5, 0), atMost(5, 0)],
  [false, 'at most so many, some deleted', atMost(5, 1), atMost(5, 1)],
  [false, 'large objects', atMost(5, 0, 'pg_catalog.pg_largeobject'), atMost(5, 0, 'pg_catalog.pg_largeobject')],
  [false, 'what nobody knows', UNKNOWN, UNKNOWN],
])('salvage is consent (%s) to the loss of %s', (consent, _, loss, counted) => {
  expect(isSalvageable(loss, counted)).toBe(consent)
})
