import { describe, expect, test } from 'vitest'
import type { WaveFacts } from '../../src/model/rollout-facts.ts'
import { ROLLOUT, type RolloutState } from '../../src/model/rollout-state.ts'
import { atOnce, nextStep } from '../../src/rollout/next-step.ts'

const wave = (facts: Partial<WaveFacts> = {}): WaveFacts => ({
  name: 'w',
  position: 0,
  concurrency: 8,
  maxFailures: 0,
  pending: false,
  open: facts.pending ?? false,
  running: 0,
  failed: 0,
  startedAt: null,
  finishedAt: null,
  ...facts,
})
const UNFIT = [
  { server: 'eu', message: 'No space left on device' },
  { server: 'us', message: 'gone' },
]
const step = (state: RolloutState, waves: readonly WaveFacts[], interrupted = false) =>
  nextStep({ state, waves, unfit: UNFIT }, { failureMode: 'strict', interrupted })

describe('nextStep', () => {
  const everyShape = [false, true].flatMap((pending) =>
    [0, 2].flatMap((running) =>
      [0, 1, 2].flatMap((failed) => [0, 1].map((maxFailures) => wave({ pending, running, failed, maxFailures }))),
    ),
  )

  test.each((Object.keys(ROLLOUT) as RolloutState[]).filter((it) => it !== 'running' && it !== 'aborting'))(
    'starts nothing while %s, whatever the waves look like',
    (state) => {
      for (const shape of everyShape)
        for (const interrupted of [false, true]) expect(step(state, [shape], interrupted)).toEqual({ kind: 'rest' })
    },
  )

  test('an abort waits for what runs, and then ends', () => {
    for (const shape of everyShape)
      expect(step('aborting', [shape]).kind).toBe(shape.running > 0 ? 'wait' : 'finish-abort')
  })

  test('never migrates once a wave has failed too often, even when that wave has nothing left', () => {
    for (const shape of everyShape.filter((it) => it.failed > it.maxFailures)) {
      for (const waves of [[shape], [shape, wave({ pending: true, position: 1 })]]) {
        expect(step('running', waves)).toMatchObject({ kind: 'pause', reason: 'failure-budget' })
      }
    }
  })

  test('takes the waves in their order', () => {
    const first = wave({ name: 'first', pending: true })
    const second = wave({ name: 'second', position: 1, pending: true })
    expect(step('running', [first, second])).toMatchObject({ kind: 'migrate', wave: { name: 'first' } })
    expect(step('running', [{ ...first, pending: false, running: 1 }, second])).toMatchObject({
      kind: 'migrate',
      wave: { name: 'first' },
    })
    expect(step('running', [{ ...first, pending: false }, second])).toMatchObject({
      kind: 'migrate',
      wave: { name: 'second' },
    })
  })

  test('takes a finished wave up again when a tenant of it is pending again', () => {
    expect(
      step('running', [wave({ name: 'first', pending: true }), wave({ name: 'second', position: 1, running: 1 })]),
    ).toMatchObject({
      kind: 'migrate',
      wave: { name: 'first' },
    })
  })

  test('pauses when it is told to stop, and completes instead when nothing is left', () => {
    expect(step('running', [wave({ pending: true })], true)).toMatchObject({ kind: 'pause', reason: 'interrupted' })
    expect(step('running', [wave()], true)).toEqual({ kind: 'complete' })
    expect(step('running', [])).toEqual({ kind: 'complete' })
  })

  test('pauses when what is left is on servers that are not fit, after what runs has finished', () => {
    const stuck = wave({ pending: true, open: false })
    expect(step('running', [stuck])).toEqual({
      kind: 'pause',
      reason: 'server-unfit',
      note: 'What is left of wave w waits for eu, us: No space left on device',
    })
    expect(step('running', [{ ...stuck, running: 1 }])).toMatchObject({ kind: 'migrate' })
  })
})

test('in strict mode no more are in flight than the budget has left, plus one; in soft mode as many as configured', () => {
  for (const concurrency of [1, 4, 64]) {
    for (const maxFailures of [0, 1, 7]) {
      for (let failed = 0; failed <= maxFailures; failed++) {
        const inFlight = atOnce({ concurrency, maxFailures, failed }, 'strict')
        expect(inFlight).toBeGreaterThan(0)
        expect(failed + inFlight).toBeLessThanOrEqual(Math.max(maxFailures + 1, 1))
        expect(inFlight).toBeLessThanOrEqual(concurrency)
        expect(atOnce({ concurrency, maxFailures, failed }, 'soft')).toBe(concurrency)
      }
    }
  }
})
