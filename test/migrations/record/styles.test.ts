import { expect, test } from 'vitest'
import { type Plugins, recordFiles, source } from './migration-files.ts'
import { STYLES } from './styles.ts'

/** Styles that send the same to every tenant and are called dynamic all the same: the recorder cannot know. */
const CALLED_DYNAMIC: readonly string[] = [
  'a plugin of the migration itself, over rows that nobody reads',
  'the tables that there are, which nobody reads',
]

test('there are enough styles', () => {
  expect(STYLES.length).toBeGreaterThanOrEqual(60)
})

test.each<Plugins>(['none', 'camelCase', 'parseJson'])(
  'every style is told apart, with plugins: %s',
  async (plugins) => {
    const files = STYLES.map(({ up, head, transaction }, index) => [
      `${String(index).padStart(4, '0')}.js`,
      source(up, { ...(head === undefined ? {} : { head }), ...(transaction === undefined ? {} : { transaction }) }),
    ])
    const recordings = await recordFiles(Object.fromEntries(files), { plugins })
    const told = STYLES.map(({ style, kind }, index) => ({ style, kind, recording: recordings[index] }))

    const falselyStatic = told.filter(({ kind, recording }) => kind === 'dynamic' && recording?.kind !== 'dynamic')
    expect(falselyStatic.map(({ style }) => style)).toEqual([])
    const falselyDynamic = told.filter(({ kind, recording }) => kind === 'static' && recording?.kind !== 'static')
    expect(falselyDynamic.map(({ style }) => style)).toEqual(CALLED_DYNAMIC)
    for (const { recording } of told) expect(recording?.reasons.length === 0).toBe(recording?.kind === 'static')
  },
)
