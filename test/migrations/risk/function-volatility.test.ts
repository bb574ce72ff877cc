import { expect, test } from 'vitest'
import { functionVolatility } from '../../../src/migrations/risk/function-volatility.ts'

test.each([
  [
    'volatile',
    ['gen_random_uuid', 'uuidv7', 'random', 'clock_timestamp', 'timeofday', 'nextval', 'setval', 'lo_unlink'],
  ],
  ['steady', ['now', 'pg_current_xact_id', 'lower', 'count', 'row_number', 'jsonb_build_object', 'timezone']],
  ['mixed', ['ts_rewrite']],
  ['unknown', ['uuid_generate_v4', 'slug', '']],
])('%s functions', (volatility, names) => {
  expect(names.filter((name) => functionVolatility([name]) !== volatility)).toEqual([])
})

test("a name is PostgreSQL's own only without a schema or in its own", () => {
  expect(functionVolatility(['pg_catalog', 'now'])).toBe('steady')
  expect(functionVolatility(['billing', 'now'])).toBe('unknown')
})
