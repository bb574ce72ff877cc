import { expect, test } from 'vitest'
import { failurePoints } from '../../../src/migrations/record/failure-points.ts'

test('every query is made to fail while there are few', () => {
  expect(failurePoints([])).toEqual([])
  expect(failurePoints([1, 1, 2, null, null])).toEqual([0, 1, 2, 3, 4])
})

test('of many, the first of each line is', () => {
  const points = failurePoints([...Array.from({ length: 1_000 }, () => 5), 6, 6, null, null])
  expect(points).toHaveLength(200)
  expect(points).toEqual([...Array.from({ length: 198 }, (_, index) => index), 1_000, 1_002])
})
