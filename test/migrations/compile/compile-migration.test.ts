import { expect, test } from 'vitest'
import { compileMigration } from '../../../src/migrations/compile/compile-migration.ts'
import { FleetError } from '../../../src/model/errors.ts'
import type { PreparedValue } from '../../../src/postgres/prepare-value.ts'

const MIGRATION = { name: '0001_a', file: 'migrations/0001_a.ts' }
const query = (sql: string, ...parameters: PreparedValue[]) => ({ sql, parameters, line: 7 })
const compile = (...queries: ReturnType<typeof query>[]) => compileMigration(MIGRATION, queries)
function refusal(...queries: ReturnType<typeof query>[]): string {
  try {
    compile(...queries)
  } catch (error) {
    if (error instanceof FleetError && error.code === 'MIGRATION_INVALID') return error.message
    throw error
  }
  throw new Error('it was compiled')
}

test('a query becomes its statements, without semicolons and with its line', () => {
  expect(compile(query(' create table t (id int) ; -- first\n insert into t values (1);;')).statements).toEqual([
    { sql: 'create table t (id int)', transactional: true, parameters: false, line: 7 },
    { sql: 'insert into t values (1)', transactional: true, parameters: false, line: 7 },
  ])
  expect(compile(query(''), query('-- nothing'), query(';'))).toMatchObject({ migration: '0001_a', statements: [] })
})

test('a function keeps its semicolons', () => {
  const body = 'create function f() returns int language sql begin atomic select 1; select 2; end'
  const quoted = 'create function g() returns int language plpgsql as $$ begin return 1; end $$'
  expect(compile(query(`${body}; ${quoted};`)).statements.map(({ sql }) => sql)).toEqual([body, quoted])
})

test('parameters become literals, and it is known that there were some', () => {
  expect(compile(query('insert into t values ($1, $2, $3)', '5', null, Buffer.from([0, 255]))).statements).toEqual([
    { sql: "insert into t values ('5', NULL, E'\\\\x00ff')", transactional: true, parameters: true, line: 7 },
  ])
})

test('a utility statement is compiled with its parameters: a rule refuses it', () => {
  for (const sql of [
    'alter table t alter c set default $1',
    'comment on table t is $1',
    'alter role r password $1',
    'do $1',
  ]) {
    expect(compile(query(sql, 'x')).statements).toMatchObject([{ sql: sql.replace('$1', "'x'"), parameters: true }])
  }
})

test('a statement that may have parameters is not compiled where none may stand', () => {
  expect(refusal(query("select 'a'\n$1", 'b'))).toContain('Statement 1 does not parse: syntax error at or near "$1"')
  expect(refusal(query('insert into t values ($1); select $1', 'b'))).toBe(
    'migrations/0001_a.ts:7: Statement 1 is one of several in a query with parameters, which the server refuses.',
  )
})

test('a `$1` without a parameter is left to the server', () => {
  expect(compile(query('select $1')).statements).toMatchObject([{ sql: 'select $1', parameters: false }])
})

test('SQL that does not parse is shown with its place', () => {
  expect(refusal(query('select 1'), query("select '😀';\ncreate\ttabel t (id int)"))).toBe(
    `migrations/0001_a.ts:7: Statement 2 does not parse: syntax error at or near "tabel" (line 2, column 8 of its SQL).
  create tabel t (id int)
         ^`,
  )
  expect(refusal({ ...query("select 'open"), line: null as never })).toContain(
    'migrations/0001_a.ts: Statement 1 does not parse',
  )
  const long = `select ${'x, '.repeat(100)} from from ${'y'.repeat(200)}`
  const [, shown = '', caret = ''] = refusal(query(long)).split('\n')
  expect(shown.slice(caret.indexOf('^'))).toMatch(/^from from y/)
  expect(shown.length).toBeLessThanOrEqual(102)
})

test('a quote that does not end is told as that, with parameters, too', () => {
  expect(refusal(query("select $1, 'open", 'x'))).toContain('Statement 1 does not parse: unterminated quoted string')
})

test('a NUL byte is refused', () => {
  expect(refusal(query('select $1', 'a\0b'))).toContain('migrations/0001_a.ts:7: Statement 1 holds a NUL byte')
  expect(refusal(query("select 'a\0b'"))).toContain('holds a NUL byte')
  expect(compile(query('select $1', Buffer.from([0]))).statements).toHaveLength(1)
})

test('the checksum is that of the statements: neither of how they were sent nor of where they stand', () => {
  const { checksum } = compile(query('create table t ()'), query('select $1', 'x'))
  expect(checksum).toMatch(/^[0-9a-f]{64}$/)
  expect(compile({ ...query("create table t ();\n\nselect 'x' -- so"), line: 9 }).checksum).toBe(checksum)
  expect(compile(query("create table t (); select 'y'")).checksum).not.toBe(checksum)
  expect(compile(query('create table t ()')).checksum).not.toBe(checksum)
})
