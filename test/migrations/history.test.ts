import { expect, test } from 'vitest'
import { compareHistory, inOrderOfExecution, readHistory } from '../../src/migrations/history.ts'
import { setup, TABLES } from './tenant-database.ts'

test.each([
  [['a'], ['b', 'c'], ['a'], 'as-expected'],
  [['a', 'b'], ['c'], ['b', 'a'], 'as-expected'],
  [['a'], ['b', 'c'], ['a', 'b'], { partly: 1 }],
  [[], ['a', 'b', 'c'], ['b', 'a'], { partly: 2 }],
  [['a'], ['b', 'c'], ['c', 'b', 'a'], 'already-there'],
  [['a'], ['b', 'c'], ['a', 'c'], 'moved'],
  [['a'], ['b'], [], 'moved'],
  [['a'], ['b'], ['b'], 'moved'],
  [['a'], ['b'], ['a', 'x'], 'moved'],
  [['a'], ['b'], ['a', 'b', 'x'], 'moved'],
  [[], [], [], 'as-expected'],
  [[], [], ['a'], 'moved'],
])('expected %j, pending %j, found %j', (expected, pending, actual, comparison) => {
  expect(compareHistory(expected, pending, actual)).toEqual(comparison)
})

test('rows are in order of time, at the same millisecond of name', () => {
  const rows = [
    { name: 'c', timestamp: '2024-01-01T00:00:00.002Z' },
    { name: 'b', timestamp: '2024-01-01T00:00:00.001Z' },
    { name: 'B', timestamp: '2024-01-01T00:00:00.001Z' },
    { name: 'a', timestamp: '2024-01-01T00:00:00.003Z' },
  ]
  expect(inOrderOfExecution(rows)).toEqual(['b', 'B', 'c', 'a'])
})

test('a timestamp that is none is named', () => {
  const run = () => inOrderOfExecution([{ name: 'a', timestamp: 'soon' }])
  expect(run).toThrow(expect.objectContaining({ code: 'HISTORY_INVALID', message: expect.stringContaining('"a"') }))
})

test('a missing table is an empty history, one off the search_path is refused', async () => {
  const { client, query } = await setup()
  expect(await readHistory(client, TABLES)).toEqual([])
  expect(await readHistory(client, { ...TABLES, schema: 'none' })).toEqual([])
  await query('create schema other; create table other.kysely_migration (name text, "timestamp" text)')
  await expect(readHistory(client, TABLES)).rejects.toMatchObject({
    code: 'HISTORY_INVALID',
    message: expect.stringContaining('"other"'),
  })
  expect(await readHistory(client, { ...TABLES, schema: 'other' })).toEqual([])
})
