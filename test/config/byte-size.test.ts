import { expect, test } from 'vitest'
import { parseByteSize } from '../../src/config/byte-size.ts'

test.each<[number | string, number | undefined]>([
  [1, 1],
  ['1', 1],
  ['500MB', 500_000_000],
  ['1.5 TB', 1_500_000_000_000],
  ['20gb', 20_000_000_000],
  ['7 kB', 7_000],
  [0, undefined],
  ['0GB', undefined],
  [-1, undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  ['', undefined],
  ['GB', undefined],
  ['10 GiB', undefined],
  ['10%', undefined],
  ['99999999TB', undefined],
])('%s is read as %s bytes', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes)
})
