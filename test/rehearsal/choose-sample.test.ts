import { describe, expect, test } from 'vitest'
import { chooseSample, type Sampleable } from '../../src/rehearsal/choose-sample.ts'

const tenant = (tenantId: string, more: Partial<Sampleable> = {}): Sampleable => ({
  tenantId,
  history: ['1'],
  createdAt: new Date('2026-06-01'),
  bytes: 1_000,
  lot: tenantId,
  ...more,
})
const OLD = new Date('2020-01-01')
const FLEET = [
  tenant('a'),
  tenant('b'),
  tenant('big', { bytes: 9_000, lot: 'y' }),
  tenant('old', { createdAt: OLD, lot: 'z' }),
  tenant('behind', { history: [], lot: 'x' }),
  tenant('far', { history: ['0'], lot: 'w' }),
]
const HISTORIES = [['1'], [], ['0']]
const choose = (size: number, candidates: readonly Sampleable[] = FLEET) =>
  chooseSample(candidates, { size, histories: HISTORIES }).map((it) => `${it.tenant.tenantId} ${it.reason}`)

describe('a sample', () => {
  test('has the largest, the oldest, one of each other version, and the rest by lot', () => {
    expect(choose(5)).toEqual(['big largest', 'old oldest', 'behind version', 'far version', 'a random'])
  })

  test('that is small has the versions of most tenants first', () => {
    expect(choose(1)).toEqual(['big largest'])
    expect(choose(3)).toEqual(['big largest', 'old oldest', 'behind version'])
  })

  test('has nobody twice, and no more than there are', () => {
    expect(choose(99)).toHaveLength(FLEET.length)
    expect(choose(99, [tenant('only', { bytes: 9, createdAt: OLD })])).toEqual(['only largest'])
    expect(choose(5, [])).toEqual([])
  })

  test('is the same in whatever order the candidates come', () => {
    expect(choose(4, FLEET.toReversed())).toEqual(choose(4))
  })

  test('takes by lot among those of equal size and age', () => {
    expect(choose(2, [tenant('a', { lot: '2' }), tenant('b', { lot: '1' })])).toEqual(['b largest', 'a random'])
  })
})
