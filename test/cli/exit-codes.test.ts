import { expect, test } from 'vitest'
import { exitCodeOfCheck, exitCodeOfDrive, exitCodeOfError, exitCodeOfRollout } from '../../src/cli/exit-codes.ts'
import { FleetError } from '../../src/model/errors.ts'
import type { PauseReason, RolloutOutcome, RolloutState } from '../../src/model/rollout-state.ts'
import { plan, stopped } from './example-plan.ts'

test.each<[RolloutState, RolloutOutcome | null, PauseReason | null, number]>([
  ['completed', 'succeeded', null, 0],
  ['completed', 'degraded', null, 3],
  ['paused', null, 'failure-budget', 3],
  ['paused', null, 'operator', 4],
  ['paused', null, 'server-unfit', 4],
  ['paused', null, 'rights-missing', 2],
  ['paused', null, 'interrupted', 130],
  ['aborted', null, null, 5],
  ['aborting', null, null, 5],
  ['running', null, null, 0],
])('a rollout that is %s (%s, %s) ends with the right code', (state, outcome, pauseReason, code) => {
  expect(exitCodeOfRollout({ state, outcome, pauseReason })).toBe(code)
})

test('what drove it, what was checked and what was thrown have codes', () => {
  expect(exitCodeOfDrive({ kind: 'nothing-to-do', plan })).toBe(0)
  expect(exitCodeOfDrive({ kind: 'rested', status: stopped })).toBe(3)
  expect(exitCodeOfDrive({ kind: 'taken-over', status: stopped })).toBe(5)
  expect([exitCodeOfCheck({ ok: true }), exitCodeOfCheck({ ok: false })]).toEqual([0, 5])
  expect([
    exitCodeOfError(new Error('x')),
    exitCodeOfError(new FleetError('USAGE', 'x')),
    exitCodeOfError(new FleetError('PLAN_CHANGED', 'x')),
  ]).toEqual([1, 2, 5])
})
