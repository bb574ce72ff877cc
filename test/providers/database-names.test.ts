import { expect, test } from 'vitest'
import type { Mark } from '../../src/model/mark.ts'
import { databaseName, loginRoleName } from '../../src/providers/database-names.ts'

const mark: Mark = { fleet: 'acme-prod', catalogId: 'c1', kind: 'tenant', key: 'one' }

test.each([
  ['tenant', 'one', 'acme-prod_one'],
  ['template', '0042', 'acme-prod__template_0042'],
  ['catalog', 'acme-prod', 'acme-prod__catalog'],
] as const)('a %s %s is named %s', (kind, key, name) => {
  expect(databaseName({ ...mark, kind, key })).toBe(name)
})

test('the longest fleet and id fit, and what does not is refused before PostgreSQL cuts it off', () => {
  expect(databaseName({ ...mark, fleet: 'f'.repeat(20), key: 'i'.repeat(40) })).toHaveLength(61)
  expect(() => databaseName({ ...mark, fleet: 'f'.repeat(20), key: 'i'.repeat(43) })).toThrow(
    /longer than the 63 bytes/,
  )
  expect(() => databaseName({ ...mark, key: 'ü'.repeat(30) })).toThrow(/longer than the 63 bytes/)
})

test('a login role is named like its database, and no tenant gets the name of another role', () => {
  expect(loginRoleName(mark, ['acme-prod_owner'])).toBe('acme-prod_one')
  expect(() => loginRoleName({ ...mark, key: 'owner' }, ['acme-prod_owner'])).toThrow(
    expect.objectContaining({ code: 'TENANT_ID_INVALID', message: expect.stringContaining('"acme-prod_owner"') }),
  )
})
