import { describe, expect, test } from 'vitest'
import type { RestorePointState } from '../../src/model/restore-point-state.ts'
import { chooseRestorePoint } from '../../src/restore/choose-restore-point.ts'

type Word = RestorePointState | 'expired'

/** `made p1 ready`: what was made or kept, and what became of it; in the order in which it was. */
function pointsOf(text: string) {
  const points = text.split(', ').map((line) => {
    const [what, id = '', word] = line.split(' ')
    const state = word as Word
    return {
      id,
      reason: what === 'kept' ? ('restore' as const) : ('manual' as const),
      state: state === 'expired' ? ('ready' as const) : state,
      expired: state === 'expired',
    }
  })
  return points.toReversed()
}

describe('without being told, a tenant returns', () => {
  test.each([
    ['made p1 ready, made p2 ready', 'point p2'],
    ['made p1 ready, made p2 failed', 'point p1'],
    ['made p1 ready, made p2 creating', 'point p1'],
    // What was returned from, whatever became of it.
    ['made p1 ready, made p2 restored, kept p3 ready', 'returned p3'],
    ['made p1 ready, made p2 released, kept p3 expired', 'returned p3'],
    ['made p1 ready, made p2 released, kept p3 released', 'returned p3'],
    ['made p1 ready, made p2 released, kept p3 restored, kept p4 ready', 'returned p4'],
    ['made p1 restored, kept p2 ready', 'returned p2'],
    // What it had been was dropped by somebody.
    ['made p1 ready, made p2 restored, kept p3 failed', 'returned p2'],
    ['made p1 restored, kept p2 ready, made p3 ready', 'point p3'],
    // A restore that was refused has kept nothing.
    ['made p1 ready, kept p2 failed', 'point p1'],
    ['made p1 ready, made p2 expired', 'expired p2'],
    ['made p1 ready, made p2 released', 'expired p2'],
    ['made p1 expired, made p2 ready', 'point p2'],
    ['made p1 restored, kept p2 ready, made p3 expired', 'expired p3'],
    // Nothing is left to return to.
    ['made p1 expired', 'none '],
    ['made p1 released, made p2 failed', 'none '],
    ['made p1 restored, kept p2 expired', 'none '],
  ])('%s: %s', (text, expected) => {
    const choice = chooseRestorePoint(pointsOf(text), undefined)
    expect(`${choice.kind} ${choice.kind === 'none' ? '' : choice.point.id}`).toBe(expected)
  })

  test('to what a restore that has not come to its end is on its way to', () => {
    const points = pointsOf('made p1 ready, made p2 ready, kept p3 creating')
    expect(chooseRestorePoint(points, 'p1')).toMatchObject({ kind: 'point', point: { id: 'p1' } })
    const onward = pointsOf('made p1 restored, kept p2 ready, kept p3 creating')
    expect(chooseRestorePoint(onward, 'p2')).toMatchObject({ kind: 'point', point: { id: 'p2' } })
  })
})
