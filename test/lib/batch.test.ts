import { expect, test } from 'vitest'
import { batch } from '../../src/lib/batch.ts'

test('calls of one turn share a flush; what comes meanwhile shares the next', async () => {
  const flushed: number[][] = []
  const double = batch(
    async (items: readonly number[]) => {
      flushed.push([...items])
      await new Promise(setImmediate)
      return items.map((it) => it * 2)
    },
    { most: 3 },
  )
  expect(await Promise.all([1, 2, 3, 4].map(double))).toEqual([2, 4, 6, 8])
  expect(flushed).toEqual([[1, 2, 3], [4]])
  expect(await double(5)).toBe(10)
})

test('a flush that fails rejects its own calls and no others', async () => {
  let fail = true
  const run = batch(
    async (items: readonly number[]) => {
      if (fail) throw new Error('no')
      return items
    },
    { most: 10 },
  )
  await expect(Promise.all([run(1), run(2)])).rejects.toThrow('no')
  fail = false
  expect(await run(3)).toBe(3)
})
