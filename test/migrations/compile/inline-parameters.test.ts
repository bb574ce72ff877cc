import { expect, test } from 'vitest'
import { compileMigration } from '../../../src/migrations/compile/compile-migration.ts'
import { inlineParameters } from '../../../src/migrations/compile/inline-parameters.ts'
import { type Client, withClient } from '../../../src/postgres/connect.ts'
import { prepareValue } from '../../../src/postgres/prepare-value.ts'
import { withTestDatabase } from '../../support/test-server.ts'
import { PAIRS, type Pair } from './inlined-values.ts'

test('there are enough pairs of statement and value', () => {
  expect(PAIRS.length).toBeGreaterThanOrEqual(40)
})

test.each(['on', 'off'])('a literal does what the parameter does, with standard_conforming_strings %s', (setting) =>
  withTestDatabase(({ connection }) =>
    withClient(connection, { applicationName: 'test' }, async (client) => {
      await client.query(TABLE)
      await client.query(`set standard_conforming_strings = ${setting}`)
      for (const { sql, values } of PAIRS) {
        // A version without MERGE ... RETURNING refuses both alike.
        const sent = await outcome(client, { sql, values })
        const inlined = await outcome(client, { sql: compiled({ sql, values }), values: [] })
        expect({ sql, values, ...inlined }).toEqual({ sql, values, ...sent })
      }
    }),
  ),
)

test('only parameters are replaced', () => {
  const sql = `select $1, $2, '$1', e'\\'$1', $$ $1 $$, $a$ $2 $a$, "$1", u&'$1', a$1 -- $1\n, $1 /* $2 /* $1 */ */, '😀', $1`
  expect(inlineParameters(sql, ["x'y", null])).toBe(
    `select 'x''y', NULL, '$1', e'\\'$1', $$ $1 $$, $a$ $2 $a$, "$1", u&'$1', a$1 -- $1\n, 'x''y' /* $2 /* $1 */ */, '😀', 'x''y'`,
  )
})

test('the tenth parameter is not the first, and one that is not there stays', () => {
  const parameters = Array.from({ length: 10 }, (_, index) => String(index + 1))
  expect(inlineParameters('select $10, $1, $11', parameters)).toBe(`select '10', '1', $11`)
})

test('a literal grows together with nothing before it', () => {
  expect(inlineParameters('select u&$1', ['5'])).toBe(`select u& '5'`)
})

function compiled({ sql, values }: Pair): string {
  const query = { sql, parameters: values.map(prepareValue), line: null }
  const { statements } = compileMigration({ name: '0001', file: '0001.ts' }, [query])
  return statements.map((it) => it.sql).join(';')
}

/** What a statement answers, and what it leaves in the table; or how it fails. */
async function outcome(client: Client, { sql, values }: Pair) {
  await client.query('begin')
  try {
    const { rows, fields, rowCount } = await client.query({ text: sql, values: [...values], rowMode: 'array' })
    const table = await client.query('select t::text from t order by 1')
    return { rows, rowCount, types: fields.map(({ dataTypeID }) => dataTypeID), table: table.rows }
  } catch (error) {
    return { sqlstate: error instanceof Error && 'code' in error ? error.code : error }
  } finally {
    await client.query('rollback')
  }
}

const TABLE = `create type mood as enum ('sad', 'ok');
create table t (i int unique, b bigint, n numeric, f float8, s text, v varchar(5), c char(3), y bytea, a int[], w text[], j jsonb,
  z timestamptz, d date, o boolean, u uuid, e mood);
insert into t (i, s, z) values (1, 'one', '2024-02-29Z'), (2, '100%', '1999-12-31Z'), (3, null, null)`
