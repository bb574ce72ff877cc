import { expect, test } from 'vitest'
import { withClient } from '../../src/postgres/connect.ts'
import { quoteIdentifier, quoteLiteral, quoteTextArray } from '../../src/postgres/identifiers.ts'
import { superuser } from '../support/test-server.ts'

const ATTACKS = [
  'plain',
  'Mixed Case',
  '"',
  '""',
  'a"; drop database postgres; --',
  "'",
  "''",
  "'; drop role postgres; --",
  '\\',
  "\\'",
  "a\\'; select 1; --",
  '$$; select 1; $$',
  '/* */ --',
  'ünïcødé 🐘',
  'line\nbreak',
  "U&'\\0041'",
]
const query = <Row>(sql: string) =>
  withClient(superuser(), { applicationName: 'fleet/test' }, async (client) => (await client.query(sql)).rows as Row[])

test.each(ATTACKS)('as an identifier, %j stays one name', async (name) => {
  const [row] = await query<Record<string, number>>(`select 1 as ${quoteIdentifier(name)}`)
  expect(row).toEqual({ [name]: 1 })
})

test.each(['on', 'off'])(
  'as a literal, every text stays itself with standard_conforming_strings %s',
  async (setting) => {
    const rows = await withClient(superuser(), { applicationName: 'fleet/test' }, async (client) => {
      await client.query(`set standard_conforming_strings = ${setting}; set escape_string_warning = off`)
      const literals = ATTACKS.map((it) => `(${quoteLiteral(it)})`)
      return (await client.query<{ text: string }>(`select text from (values ${literals.join(', ')}) v (text)`)).rows
    })
    expect(rows.map((it) => it.text)).toEqual(ATTACKS)
  },
)

test('an array of texts stays itself, empty too', async () => {
  const [row] = await query(`select ${quoteTextArray(ATTACKS)} as full, ${quoteTextArray([])} as empty`)
  expect(row).toEqual({ full: ATTACKS, empty: [] })
})

test('parts of a name are quoted one by one', () => {
  expect(quoteIdentifier('my schema', 'a"b')).toBe('"my schema"."a""b"')
})
