import { describe, expect, test } from 'vitest'
import { explainNeonError } from '../../../src/providers/neon/explain-neon-error.ts'
import type { NeonOperation } from '../../../src/providers/neon/neon-api.ts'
import { NeonOperationError } from '../../../src/providers/neon/neon-operation-error.ts'
import { isUnderWay, judgeOperation } from '../../../src/providers/neon/operation-status.ts'
import { waitForOperations } from '../../../src/providers/neon/wait-for-operations.ts'
import { createVirtualClock } from './virtual-clock.ts'

const operation = (id: string, status: string, more: Partial<NeonOperation> = {}): NeonOperation => ({
  id,
  projectId: 'p',
  action: 'create_branch',
  status,
  error: null,
  retryAt: null,
  ...more,
})

/** Waits for operations whose further states are listed by id; the last of them stays. */
async function wait(begun: NeonOperation[], later: Record<string, (string | NeonOperation)[]>, longestMs?: number) {
  const clock = createVirtualClock(0)
  const polls: string[] = []
  const outcome = await waitForOperations(
    {
      getOperation: async (_, id) => {
        polls.push(`${id} ${clock.now().getTime()}`)
        const states = later[id] ?? []
        const state = (states.length > 1 ? states.shift() : states[0]) ?? 'lost'
        return typeof state === 'string' ? operation(id, state) : state
      },
    },
    begun,
    clock,
    longestMs,
  ).then(
    () => 'done' as const,
    (error: unknown) => error,
  )
  return { outcome, polls }
}

test.each([
  ['scheduling', 'wait', true],
  ['running', 'wait', true],
  ['cancelling', 'wait', true],
  ['failed', 'wait', false],
  ['finished', 'done', false],
  ['skipped', 'done', false],
  ['cancelled', 'failed', false],
  ['error', 'wait', false],
  ['something new', 'wait', false],
])('%s: %s', (status, verdict, underWay) => {
  expect(judgeOperation({ status }, status === 'error' ? 1 : 0)).toBe(verdict)
  expect(isUnderWay(status)).toBe(underWay)
})

describe('waiting', () => {
  test('costs no call where the answer says that all is done', async () => {
    expect(await wait([operation('a', 'finished'), operation('b', 'skipped')], {})).toEqual({
      outcome: 'done',
      polls: [],
    })
    expect(await wait([], {})).toEqual({ outcome: 'done', polls: [] })
  })

  test('asks after 250 ms twice, then every second, one operation after the other', async () => {
    const { outcome, polls } = await wait([operation('a', 'running'), operation('b', 'scheduling')], {
      a: ['running', 'running', 'running', 'finished'],
      b: ['finished'],
    })
    expect(outcome).toBe('done')
    expect(polls).toEqual(['a 250', 'a 500', 'a 1500', 'a 2500', 'b 3500'])
  })

  test('believes an error only after three more polls', async () => {
    const recovered = await wait([operation('a', 'error')], { a: ['error', 'error', 'running', 'error', 'finished'] })
    expect(recovered.outcome).toBe('done')
    const stays = await wait([operation('a', 'running')], { a: ['error'] })
    expect(stays.outcome).toMatchObject({ reason: 'failed', operation: { id: 'a' } })
    expect(stays.polls).toHaveLength(4)
  })

  test('follows the time at which Neon tries a failed one again', async () => {
    const failed = operation('a', 'failed', { retryAt: new Date(42_000) })
    const { outcome, polls } = await wait([operation('a', 'running')], { a: [failed, 'finished'] })
    expect(outcome).toBe('done')
    expect(polls).toEqual(['a 250', 'a 42000'])
  })

  test('ends at once where one was cancelled', async () => {
    const { outcome, polls } = await wait([operation('a', 'running'), operation('b', 'running')], { a: ['cancelled'] })
    expect(outcome).toMatchObject({ name: 'NeonOperationError', reason: 'failed' })
    expect(polls).toHaveLength(1)
  })

  test('ends after five minutes for all of them together, with a last look', async () => {
    const { outcome, polls } = await wait([operation('a', 'running'), operation('b', 'running')], {
      a: [...Array(200).fill('running'), 'finished'],
      b: ['failed'],
    })
    expect(outcome).toMatchObject({ reason: 'overdue', operation: { id: 'b' } })
    expect(polls.at(-1)).toBe('b 300000')
  })
})

test('what became of an operation is told to users', () => {
  const explain = (reason: 'failed' | 'overdue') =>
    explainNeonError(new NeonOperationError(reason, operation('o-1', 'error', { error: 'no\nroom' })), 'Not restored')
  expect(explain('failed')).toMatchObject({
    code: 'SERVICE_BUSY',
    message: 'Not restored. Neon: create_branch failed: "no room" (operation o-1).',
  })
  expect(explain('overdue')).toMatchObject({
    code: 'SERVICE_BUSY',
    message: 'Not restored. Neon: create_branch has not ended in time (operation o-1).',
  })
})
