import { expect, test } from 'vitest'
import type { ApplyOutcome } from '../../src/migrations/apply-migrations.ts'
import { settleAttempt } from '../../src/rollout/settle-attempt.ts'

const broken = (kind: Exclude<ApplyOutcome['kind'], 'applied'>): ApplyOutcome => ({
  kind,
  phase: 'statement',
  migration: 'm',
  sqlstate: 'XXXXX',
  message: 'no',
  detail: null,
  history: null,
})
const settle = (outcome: ApplyOutcome, tries = 0, attempts = 5, sharesServer = true) =>
  settleAttempt(outcome, {
    tries,
    attempts,
    jitter: 0.5,
    sharesServer,
    isRepeatable: (migration) => migration !== 'once',
  })

test('what was applied has succeeded', () => {
  expect(settle({ kind: 'applied', history: ['m'], applied: [] })).toEqual({ kind: 'succeed', history: ['m'] })
})

test('a failure counts at once', () => {
  expect(settle(broken('failure'))).toMatchObject({ kind: 'fail', cause: { migration: 'm', sqlstate: 'XXXXX' } })
})

test('busy uses up no try, however often', () => {
  for (const tries of [0, 4, 100])
    expect(settle(broken('busy'), tries)).toMatchObject({ kind: 'release', reason: 'busy', counts: false, stop: null })
})

test('an error is tried again with growing waits, and fails when its tries are used up', () => {
  const waits = [0, 1, 2, 3].map((tries) => settle(broken('error'), tries))
  expect(waits.every((it) => it.kind === 'release' && it.counts)).toBe(true)
  const times = waits.map((it) => (it.kind === 'release' ? it.retryInMs : 0))
  expect(times).toEqual([...times].sort((a, b) => a - b))
  expect(settle(broken('error'), 4)).toMatchObject({ kind: 'fail', cause: { message: 'no (after 5 attempts)' } })
  expect(settle(broken('error'), 0, 1)).toMatchObject({ kind: 'fail' })
  expect(settle(broken('error'), 98, 100)).toMatchObject({ retryInMs: 30_000 })
})

test('what is the fault of server or role stops those, and is not held against the tenant', () => {
  expect(settle(broken('server'), 4)).toMatchObject({ kind: 'release', counts: false, stop: 'server' })
  expect(settle(broken('rights'), 4)).toMatchObject({ kind: 'release', counts: false, stop: 'rollout' })
})

test.each(['server-away', 'service-away'] as const)(
  '%s is asked as often as after an error, then waited for',
  (kind) => {
    expect(settle(broken(kind), 3)).toMatchObject({ kind: 'release', counts: true, stop: null })
    expect(settle(broken(kind), 4)).toMatchObject({ kind: 'release', counts: false, stop: 'server' })
  },
)

test('a server that only the tenant has stops nobody else, the service of all does', () => {
  expect(settle(broken('server-away'), 4, 5, false)).toMatchObject({ kind: 'fail' })
  expect(settle(broken('service-away'), 4, 5, false)).toMatchObject({ kind: 'release', stop: 'server' })
})

test('an error in the middle of what may not be repeated fails at once, one before it does not', () => {
  const once = { ...broken('error'), migration: 'once' }
  expect(settle(once)).toMatchObject({
    kind: 'fail',
    cause: { message: expect.stringContaining('fleet rollout retry') },
  })
  expect(settle({ ...once, phase: 'connect' } as ApplyOutcome)).toMatchObject({ kind: 'release', reason: 'error' })
})
