import { CompiledQuery } from 'kysely'
import { afterEach, expect, test } from 'vitest'
import { compileMigration } from '../../../src/migrations/compile/compile-migration.ts'
import { deviationFrom } from '../../../src/migrations/compile/deviation.ts'
import type { Migration } from '../../../src/migrations/migration.ts'
import type { PreparedValue } from '../../../src/postgres/prepare-value.ts'

const MIGRATION = { name: '0001_a', file: 'migrations/0001_a.ts' } as Migration
const { raw } = CompiledQuery
const TZ = process.env.TZ

afterEach(() => {
  if (TZ === undefined) delete process.env.TZ
  else process.env.TZ = TZ
})

/** What was recorded, as its process hands it over: with parameters as they go to the server. */
function recorded(...queries: readonly (readonly [sql: string, ...parameters: PreparedValue[]])[]) {
  return compileMigration(
    MIGRATION,
    queries.map(([sql, ...parameters]) => ({ sql, parameters, line: 3 })),
  )
}

const RECORDING = recorded(['create table t (id int)'], ['insert into t values ($1)', '5'])
const CREATE = raw('create table t (id int)')
const INSERT = raw('insert into t values ($1)', [5])
const deviation = (...sent: CompiledQuery[]) => deviationFrom(RECORDING, sent, MIGRATION)

test('the same statements are no deviation, however they are spread over queries', () => {
  expect(deviation(CREATE, INSERT)).toBeUndefined()
  expect(deviation(raw('create table t (id int) ; -- and\n'), raw(''), INSERT)).toBeUndefined()
  expect(deviation(raw(`create table t (id int); insert into t values ('5');`))).toBeUndefined()
  expect(deviationFrom(recorded(), [raw('-- nothing')], MIGRATION)).toBeUndefined()
})

test.each([
  ['one more', [CREATE, INSERT, raw('select $1', ['secret'])], '3 statements were sent; the recording has 2.'],
  ['one more, first', [raw(`select 'secret'`), CREATE, INSERT], 'Statement 1 was another one than recorded: create'],
  ['one less', [CREATE], `Only 1 statements were sent; the recording goes on with: insert into t values ('5')`],
  ['none', [], 'Only 0 statements were sent; the recording goes on with: create table t (id int)'],
  [
    'another text',
    [raw('create table secret (id int)'), INSERT],
    'Statement 1 was another one than recorded: create table t',
  ],
  ['another order', [INSERT, CREATE], 'Statement 1 was another one than recorded: create table t (id int)'],
  [
    'another parameter',
    [CREATE, raw('insert into t values ($1)', ['secret'])],
    `Statement 2 was another one than recorded: insert into t values ('5')`,
  ],
  ['NULL for a parameter', [CREATE, raw('insert into t values ($1)', [null])], 'Statement 2 was another one'],
  ['what does not parse', [CREATE, raw('insert secret')], 'A value that was sent cannot be written as a literal.'],
  ['a NUL', [CREATE, raw('insert into t values ($1)', ['secret\0'])], 'A value that was sent cannot be written'],
] as const)('%s is one, and its text has nothing of what was sent', (_, sent, text) => {
  const found = deviation(...sent)
  expect(found).toContain(text)
  expect(found).not.toContain('secret')
})

test('a value that is converted by itself is not quoted, whatever its conversion throws', () => {
  const value = {
    toPostgres() {
      throw new Error('secret')
    },
  }
  expect(deviation(CREATE, raw('insert into t values ($1)', [value]))).toBe(
    'A value that was sent cannot be written as a literal.',
  )
})

test('a long statement of the recording is cut, and on one line', () => {
  const long = recorded([`select\n  '${'x'.repeat(500)}'`])
  const found = deviationFrom(long, [raw(`select 'secret'`)], MIGRATION) ?? ''
  expect(found).toMatch(/: select 'x+…$/)
  expect(found.length).toBeLessThan(300)
})

test.each(['UTC', 'America/New_York', 'Asia/Kathmandu'])(
  'a Date is the same moment with TZ=%s, which stays set',
  (zone) => {
    process.env.TZ = zone
    const date = new Date(Date.UTC(2026, 2, 8, 7, 30))
    // The server's own zone is that of the process: no test if it were not taken over.
    expect(date.getTimezoneOffset() === 0).toBe(zone === 'UTC')
    const recording = recorded(
      ['select $1', '2026-03-08T07:30:00.000+00:00'],
      ['select $1::timestamptz[]', '{"2026-03-08T07:30:00.000+00:00"}'],
    )
    const sent = [raw('select $1', [date]), raw('select $1::timestamptz[]', [[date]])]
    expect(deviationFrom(recording, sent, MIGRATION)).toBeUndefined()
    expect(process.env.TZ).toBe(zone)
    const later = [raw('select $1', [new Date(date.getTime() + 1)]), ...sent.slice(1)]
    expect(deviationFrom(recording, later, MIGRATION)).toContain('Statement 1 was another one than recorded')
  },
)

test('TZ stays unset where it was', () => {
  delete process.env.TZ
  expect(deviation(CREATE, INSERT)).toBeUndefined()
  expect(process.env.TZ).toBeUndefined()
})
