import { describe, expect, test } from 'vitest'
import { planTarget } from '../../src/migrations/plan-target.ts'

const migrations = ['1', '2', '3'].map((name) => ({ name, file: `${name}.ts`, checksum: `c${name}` }))
const taken = (checksum: string) => [{ name: '2', checksum, by: 4 }]
const plan = { migrations, withdrawn: [], to: undefined, again: false }

describe('a rollout goes', () => {
  test('up to the newest file, or up to where it is told to', () => {
    expect(planTarget(plan)).toEqual({ target: '3', withdrawn: [] })
    expect(planTarget({ ...plan, to: '2' })).toEqual({ target: '2', withdrawn: [] })
    expect(planTarget({ ...plan, migrations: [] })).toEqual({ target: null, withdrawn: [] })
  })

  test('no further than what an undo has withdrawn', () => {
    const withdrawn = { ...plan, withdrawn: taken('c2') }
    expect(planTarget(withdrawn)).toEqual({ target: '1', withdrawn: ['2'] })
    expect(planTarget({ ...withdrawn, to: '1' })).toEqual({ target: '1', withdrawn: [] })
    expect(planTarget({ ...withdrawn, migrations: migrations.slice(1) })).toEqual({ target: null, withdrawn: ['2'] })
    expect(() => planTarget({ ...withdrawn, to: '3' })).toThrow(
      '2.ts was taken back by rollout r4, and is still the same.',
    )
  })

  test('past it once its file is another one, or when it is wanted again', () => {
    expect(planTarget({ ...plan, withdrawn: taken('other') })).toEqual({ target: '3', withdrawn: [] })
    expect(planTarget({ ...plan, withdrawn: taken('c2'), to: '3', again: true })).toEqual({
      target: '3',
      withdrawn: [],
    })
  })
})
