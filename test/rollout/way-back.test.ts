import { expect, test } from 'vitest'
import { wayBack } from '../../src/rollout/way-back.ts'

const POINT = { id: 'p1', state: 'ready', expired: false } as const
const CHANGED = { from: ['1'], stoppedInside: false, point: POINT }
const NOW = { history: ['1', '2'], unfinished: undefined }

test.each([
  ['a tenant that was changed returns to its restore point', CHANGED, NOW, { kind: 'restore', to: 'p1' }],
  ['one that is as before has nothing to do', CHANGED, { ...NOW, history: ['1'] }, { kind: 'nothing-to-do' }],
  [
    'one that stopped inside a migration returns, whatever its history says',
    { ...CHANGED, stoppedInside: true },
    { ...NOW, history: ['1'] },
    { kind: 'restore', to: 'p1' },
  ],
  [
    'and has nothing to do once it has returned',
    { ...CHANGED, stoppedInside: true, point: { ...POINT, state: 'restored' } },
    { ...NOW, history: ['1'] },
    { kind: 'nothing-to-do' },
  ],
  [
    'a restore that was interrupted goes on first, whatever the catalog says',
    { ...CHANGED, point: undefined },
    { history: ['1'], unfinished: 'p9' },
    { kind: 'restore', to: 'p9' },
  ],
  [
    'without a restore point there is no way',
    { ...CHANGED, point: undefined },
    NOW,
    { kind: 'none', why: 'no-restore-point' },
  ],
  [
    'nor with one that was returned to',
    { ...CHANGED, point: { ...POINT, state: 'restored' } },
    NOW,
    { kind: 'none', why: 'restore-point-used' },
  ],
  [
    'nor with one that has expired',
    { ...CHANGED, point: { ...POINT, expired: true } },
    NOW,
    { kind: 'none', why: 'restore-point-expired' },
  ],
] as const)('%s', (_, facts, now, expected) => {
  expect(wayBack(facts, now, [])).toEqual(expected)
})

const ROUTES = [{ from: ['1'], history: ['1', '2', '3'] }]
const THERE = { history: ['1', '2', '3'], unfinished: undefined }
const DOWN = { kind: 'down', migrations: ['3', '2'] }

test.each([
  ['goes by down where the plan says so, newest first', CHANGED, THERE, DOWN],
  ['and needs no restore point', { ...CHANGED, point: undefined }, THERE, DOWN],
  ['with another history it returns to its restore point', CHANGED, NOW, { kind: 'restore', to: 'p1' }],
  [
    'so does one that stopped inside a migration',
    { ...CHANGED, stoppedInside: true },
    THERE,
    { kind: 'restore', to: 'p1' },
  ],
  [
    'a restore that was interrupted goes on first',
    CHANGED,
    { ...THERE, unfinished: 'p9' },
    { kind: 'restore', to: 'p9' },
  ],
  ['one that is as before has nothing to do', CHANGED, { ...THERE, history: ['1'] }, { kind: 'nothing-to-do' }],
] as const)('where down is preferred, a tenant %s', (_, facts, now, expected) => {
  expect(wayBack(facts, now, ROUTES)).toEqual(expected)
})
