import { expect, test } from 'vitest'
import { type CopyStrategy, cloneMatters, copyStrategy } from '../../../src/providers/postgres/copy-strategy.ts'

const MB = 1024 * 1024
const ROWS: readonly (readonly [
  version: number,
  clone: 'yes' | 'no' | 'not-probed',
  mb: number,
  purpose: 'one' | 'many',
  CopyStrategy,
])[] = [
  [140000, 'no', 8, 'one', 'default'],
  [140000, 'no', 2_400, 'many', 'default'],
  [150018, 'no', 8, 'one', 'wal-log'],
  [150018, 'no', 100, 'many', 'wal-log'],
  [150018, 'no', 101, 'one', 'file-copy'],
  [150018, 'no', 2_400, 'many', 'file-copy'],
  [180004, 'no', 8, 'many', 'wal-log'],
  [180004, 'no', 2_400, 'one', 'file-copy'],
  [180004, 'not-probed', 8, 'many', 'wal-log'],
  [180004, 'not-probed', 60, 'one', 'wal-log'],
  [180004, 'not-probed', 2_400, 'one', 'file-copy'],
  [180004, 'yes', 8, 'one', 'wal-log'],
  [180004, 'yes', 8, 'many', 'clone'],
  [180004, 'yes', 50, 'one', 'wal-log'],
  [180004, 'yes', 51, 'one', 'clone'],
  [180004, 'yes', 2_400, 'many', 'clone'],
]
test.each(ROWS)('on %i, clone %s: %i MB for %s is copied by %s', (version, clone, mb, purpose, expected) => {
  expect(copyStrategy({ version, clone, templateBytes: mb * MB, purpose })).toBe(expected)
})

test.each([
  [170000, 2_400, false],
  [180004, 50, false],
  [180004, 51, true],
])('on %i, with %i MB, it is worth a probe: %s', (version, mb, expected) => {
  expect(cloneMatters({ version, templateBytes: mb * MB })).toBe(expected)
})
