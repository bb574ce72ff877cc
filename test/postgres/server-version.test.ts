import { expect, test } from 'vitest'
import { formatServerVersion, majorOf, supportOf } from '../../src/postgres/server-version.ts'

test.each([
  [130021, 13, '13.21', 'too-old'],
  [140000, 14, '14.0', 'supported'],
  [150018, 15, '15.18', 'supported'],
  [180004, 18, '18.4', 'supported'],
  [190000, 19, '19.0', 'untested'],
] as const)('%i is major %i, written %s and %s', (version, major, text, support) => {
  expect(majorOf(version)).toBe(major)
  expect(formatServerVersion(version)).toBe(text)
  expect(supportOf(version)).toBe(support)
})
