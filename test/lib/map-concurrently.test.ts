import { expect, test } from 'vitest'
import { mapConcurrently } from '../../src/lib/map-concurrently.ts'

test('maps everything, with no more at once than allowed', async () => {
  let running = 0
  let most = 0
  const results = await Array.fromAsync(
    mapConcurrently([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++running)
      for (let turns = item % 3; turns >= 0; turns--) await new Promise(setImmediate)
      running -= 1
      return item * 10
    }),
  )
  expect(results.sort((a, b) => a - b)).toEqual([10, 20, 30, 40, 50, 60, 70])
  expect(most).toBe(3)
})

test.each([1, 4])('a rejection is never lost, however early it comes (%i at once)', async (atOnce) => {
  for (const bad of [0, 1, 5]) {
    const mapped = mapConcurrently([0, 1, 2, 3, 4, 5], atOnce, async (item) => {
      if (item === bad) throw new Error(`no ${item}`)
      return item
    })
    await expect(Array.fromAsync(mapped)).rejects.toThrow(`no ${bad}`)
  }
  await expect(Array.fromAsync(mapConcurrently([1], atOnce, () => Promise.reject(new Error('only'))))).rejects.toThrow(
    'only',
  )
})

test('what is under way has settled before it ends, also when the reader stops early', async () => {
  let settled = 0
  const work = async () => {
    await new Promise(setImmediate)
    settled += 1
  }
  for await (const _ of mapConcurrently([1, 2, 3, 4], 2, work)) break
  const seen = settled
  await new Promise(setImmediate)
  expect(settled).toBe(seen)
})
