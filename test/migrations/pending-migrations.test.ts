import { expect, test } from 'vitest'
import { pendingMigrations } from '../../src/migrations/pending-migrations.ts'

const available = ['a', 'b', 'c', 'd']
const pending = (...migrations: string[]) => ({ kind: 'pending', migrations })

test.each([
  [[], undefined, pending('a', 'b', 'c', 'd')],
  [['a'], undefined, pending('b', 'c', 'd')],
  [['a', 'b', 'c', 'd'], undefined, pending()],
  [[], 'b', pending('a', 'b')],
  [['a'], 'a', pending()],
  [['a', 'b', 'c'], 'a', pending()],
  [['a', 'b'], 'd', pending('c', 'd')],
  [['b'], undefined, { kind: 'out-of-order', found: 'a', expected: 'b' }],
  [['a', 'c'], 'b', { kind: 'out-of-order', found: 'b', expected: 'c' }],
  [['b', 'a'], undefined, { kind: 'out-of-order', found: 'a', expected: 'b' }],
  [['a', 'x'], undefined, { kind: 'missing', migrations: ['x'] }],
  [['y', 'c', 'x'], undefined, { kind: 'missing', migrations: ['y', 'x'] }],
])('history %j, to %s', (history, to, expected) => {
  expect(pendingMigrations({ available, history, to, allowUnordered: false })).toEqual(expected)
})

test.each([
  [['b'], undefined, pending('a', 'c', 'd')],
  [['d', 'a'], undefined, pending('b', 'c')],
  [['d', 'a'], 'b', pending('b')],
  [['x'], undefined, { kind: 'missing', migrations: ['x'] }],
])('unordered: history %j, to %s', (history, to, expected) => {
  expect(pendingMigrations({ available, history, to, allowUnordered: true })).toEqual(expected)
})

test('every subset and order of a history is judged as the Migrator judges it', () => {
  const names = ['a', 'b', 'c']
  for (const history of arrangements(names)) {
    const inOrder = history.every((name, at) => names[at] === name)
    const rest = names.filter((name) => !history.includes(name))
    const strict = pendingMigrations({ available: names, history, allowUnordered: false })
    expect(strict.kind).toBe(inOrder ? 'pending' : 'out-of-order')
    if (strict.kind === 'pending') expect(strict.migrations).toEqual(rest)
    expect(pendingMigrations({ available: names, history, allowUnordered: true })).toEqual(pending(...rest))
  }
})

test.each([
  ['0002_add_pirce', '0002_add_price'],
  ['add_price', '0002_add_price'],
  ['completely else', 'Close to it: 000'],
])('an unknown target %s comes with close names', (to, hint) => {
  const run = () =>
    pendingMigrations({ available: ['0001_init', '0002_add_price'], history: [], to, allowUnordered: false })
  expect(run).toThrow(expect.objectContaining({ code: 'MIGRATION_UNKNOWN', message: expect.stringContaining(hint) }))
})

test('an unknown target without any migrations says so', () => {
  const run = () => pendingMigrations({ available: [], history: [], to: 'a', allowUnordered: false })
  expect(run).toThrow('no migrations at all')
})

/** Every subset in every order. */
function arrangements(names: readonly string[]): string[][] {
  return [
    [],
    ...names.flatMap((name) => arrangements(names.filter((it) => it !== name)).map((rest) => [name, ...rest])),
  ]
}
