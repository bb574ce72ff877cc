import { expect, test } from 'vitest'
import { sayOnce } from '../../../src/migrations/risk/say-once.ts'
import type { Finding } from '../../../src/model/finding.ts'
import { findingOf } from '../../support/assessments.ts'

const finding = (rule: string, statement: number, more: Partial<Finding> = {}) =>
  findingOf({ rule, statement, ...more })
const advice = (statement: number, more: Partial<Finding> = {}) =>
  finding('statements-after-exclusive-lock', statement, more)

test('That a table stays locked is said once per table, where its rows are read if they are', () => {
  const users = advice(4, { table: 'users' })
  const reads = advice(3, { scan: true })
  expect(sayOnce([advice(2), reads, users, advice(5)])).toEqual([reads, users])
  expect(sayOnce([advice(2), advice(5)])).toEqual([advice(2)])
})

test('It is not said beside a finding of the same work', () => {
  const scan = finding('traced-scan', 2, { class: 'blocking', scan: true })
  expect(sayOnce([advice(2, { scan: true }), scan])).toEqual([scan])
  const elsewhere = { ...scan, table: 'users' }
  expect(sayOnce([advice(2), elsewhere])).toEqual([advice(2), elsewhere])
})

test('Other findings stay as they are, however often', () => {
  const twice = [finding('drop-not-null', 1), finding('drop-not-null', 1)]
  expect(sayOnce(twice)).toEqual(twice)
})
