import { expect, test } from 'vitest'
import { createProjectQueue } from '../../../src/providers/neon/project-queue.ts'

const turns = () => new Promise(setImmediate)

test('work on one project goes one after the other, in the order of asking, beside that on others', async () => {
  const queue = createProjectQueue()
  const seen: string[] = []
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const work = (name: string, until?: Promise<void>) => async () => {
    seen.push(`${name} begins`)
    await until
    seen.push(`${name} ends`)
    return name
  }
  const all = [
    queue.run('p', work('p1', released)),
    queue.run('p', work('p2')),
    queue.run('q', work('q1')),
    queue.run('p', work('p3')),
  ]
  await turns()
  expect(seen).toEqual(['p1 begins', 'q1 begins', 'q1 ends'])
  release()
  expect(await Promise.all(all)).toEqual(['p1', 'p2', 'q1', 'p3'])
  expect(seen.slice(3)).toEqual(['p1 ends', 'p2 begins', 'p2 ends', 'p3 begins', 'p3 ends'])
})

test('work that fails is told to who asked for it, and the next one begins', async () => {
  const queue = createProjectQueue()
  const failing = queue.run('p', async () => {
    throw new Error('no')
  })
  const next = queue.run('p', async () => 'yes')
  await expect(failing).rejects.toThrow('no')
  await expect(next).resolves.toBe('yes')
})
