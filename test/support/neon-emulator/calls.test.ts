import { expect, test } from 'vitest'
import { Calls } from './calls.ts'

test('counts what arrives within any minute, and within any second for each route', () => {
  const calls = new Calls()
  const limit = { perMinute: 4, perSecond: 2 }
  const arrive = (call: string, time: number) => calls.arrive(call, time, limit)
  expect([arrive('a', 0), arrive('a', 999), arrive('b', 999)]).toEqual([true, true, true])
  expect(arrive('a', 999.5)).toBe(false)
  expect(arrive('a', 30_000)).toBe(false)
  expect(arrive('a', 60_999.6)).toBe(true)
  expect(calls.greatestPerSecond).toBe(3)
  expect(calls.greatestPerMinute).toBe(5)
  expect([calls.count('a'), calls.count('b'), calls.total]).toEqual([5, 1, 6])
  calls.reset()
  expect([calls.total, calls.greatestPerMinute, calls.greatestPerSecond]).toEqual([0, 0, 0])
})
