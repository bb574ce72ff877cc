import { expect, test } from 'vitest'
import { downsOf } from '../../src/rollout/downs-of.ts'

test.each([
  ['what came since goes, newest first', ['1'], ['1', '2', '3'], ['3', '2']],
  ['all of it, where there was nothing', [], ['1', '2'], ['2', '1']],
  ['what was put in between, too', ['1', '3'], ['1', '2', '3'], ['2']],
  ['nothing, where nothing has changed', ['1'], ['1'], undefined],
  ['no down brings something forward', ['1', '2', '3'], ['1', '2'], undefined],
  ['nor leads to where something is missing', ['1', '2'], ['1', '3'], undefined],
  ['nor to another order', ['1', '2'], ['2', '1', '3'], undefined],
] as const)('%s', (_, from, history, expected) => {
  expect(downsOf({ from, history })).toEqual(expected)
})
