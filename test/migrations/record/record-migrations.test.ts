// biome-ignore-all lint/suspicious/noTemplateCurlyInString: source of migrations
import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { type RecordOptions, recordMigrations } from '../../../src/migrations/record/record-migrations.ts'
import { migrationFiles, recordFiles, setupOf, source } from './migration-files.ts'

const TABLE = source('await sql`create table t (id int)`.execute(db)')
/** Records a file between two harmless ones, which must not mind. */
async function between(up: string, options: Parameters<typeof recordFiles>[1] & { head?: string } = {}) {
  const { head = '', ...rest } = options
  const [before, recording, after] = await recordFiles(
    { '0001.js': TABLE, '0002.js': source(up, { head }), '0003.js': TABLE },
    rest,
  )
  for (const harmless of [before, after]) {
    expect(harmless).toMatchObject({ kind: 'static', reasons: [], queries: [{ sql: 'create table t (id int)' }] })
  }
  return recording
}

test('what is sent comes with its parameters as they go over the wire, and its line', async () => {
  const [recording] = await recordFiles({
    '0001_users.ts': `import { type Kysely, sql } from 'kysely'

interface Database {
  readonly t: { id: number }
}

export async function up(db: Kysely<Database>): Promise<void> {
  await db.insertInto('t').values({ id: 1 }).execute()

  const values = [new Date(0), Buffer.from([0, 255]), ['a', null], { a: [1] }, 12n, true, null, undefined]
  await sql\`select \${sql.join(values)}\`
    .execute(db)
  await add(db, 'x')
}

async function add(db: Kysely<Database>, name: string) {
  await Promise.resolve()
  await db.schema.alterTable('t').addColumn(name, 'text').execute()
}
`,
  })
  expect(recording).toEqual({
    migration: '0001_users',
    kind: 'static',
    reasons: [],
    queries: [
      { sql: 'insert into "t" ("id") values ($1)', parameters: ['1'], line: 8 },
      {
        sql: 'select $1, $2, $3, $4, $5, $6, $7, $8',
        parameters: [
          '1970-01-01T00:00:00.000+00:00',
          Buffer.from([0, 255]),
          '{"a",NULL}',
          '{"a":[1]}',
          '12',
          'true',
          null,
          null,
        ],
        line: 12,
      },
      { sql: 'alter table "t" add column "x" text', parameters: [], line: 18 },
    ],
  })
  expect(Buffer.isBuffer(recording?.queries[1]?.parameters[1])).toBe(true)
})

test('plugins of the configuration change what is sent, and not what is called static', async () => {
  const files = {
    '0001.js': source(`await db.insertInto('userRoles').values({ roleName: 'x' }).returning('id').execute()`),
  }
  const [plain] = await recordFiles(files)
  const [camelCase] = await recordFiles(files, { plugins: 'camelCase' })
  expect(plain?.queries[0]?.sql).toBe('insert into "userRoles" ("roleName") values ($1) returning "id"')
  expect(camelCase).toMatchObject({
    kind: 'static',
    queries: [{ sql: 'insert into "user_roles" ("role_name") values ($1) returning "id"', parameters: ['x'] }],
  })
})

test('outside a transaction, the transactions of the migration are written down', async () => {
  const up = 'await db.transaction().execute(async (trx) => { await sql`create table t ()`.execute(trx) })'
  const [recording] = await recordFiles({ '0001.js': source(up, { transaction: false }) })
  expect(recording?.queries.map(({ sql }) => sql)).toEqual(['begin', 'create table t ()', 'commit'])
})

test('the reason for dynamic names the query and its line', async () => {
  const [recording] = await recordFiles({
    '0001.js': source(`await sql\`create table u ()\`.execute(db)
const rows = await db.selectFrom('t').selectAll().execute()
if (rows.length > 0) await sql\`drop table t\`.execute(db)`),
  })
  expect(recording).toMatchObject({
    kind: 'dynamic',
    queries: [{ line: 4 }, { line: 5 }],
    reasons: [{ message: 'It reads how many rows this query returns.', sql: 'select * from "t"', line: 5 }],
  })
})

test('what depends on the time is not blamed on the answers', async () => {
  const recording = await between('await sql`select ${new Date()}`.execute(db)')
  expect(recording?.reasons).toEqual([
    { message: 'It sends something else at another time or in another process.', sql: 'select $1', line: 4 },
  ])
})

test('a migration that ends its process takes no other with it', async () => {
  const recording = await between('await sql`select 1`.execute(db)\nprocess.exit(3)')
  expect(recording).toMatchObject({ kind: 'dynamic', reasons: [{ message: 'It ended its process (exit code 3).' }] })
})

test('a migration that never gives way is stopped', async () => {
  const recording = await between('for (;;) {}', { timeout: 3_000 })
  expect(recording).toMatchObject({ kind: 'dynamic', reasons: [{ message: 'It did not end within 3 s.' }] })
})

test('a migration that waits for ever is stopped, and one whose file does', async () => {
  const waiting = await between('await new Promise(() => {})', { timeout: 3_000 })
  expect(waiting).toMatchObject({ kind: 'dynamic', reasons: [{ message: 'It did not end within 3 s.' }] })
  const loading = await between('', { head: 'await new Promise(() => {})', timeout: 3_000 })
  expect(loading).toMatchObject({ kind: 'dynamic', reasons: [{ message: 'It did not end within 3 s.' }] })
})

test('a migration that sends without an end is stopped', async () => {
  const recording = await between(`for (;;) { try { await sql\`delete from t\`.execute(db) } catch {} }`)
  expect(recording).toMatchObject({
    kind: 'dynamic',
    reasons: [{ message: 'It sends more than 10,000 queries.', sql: 'delete from t', line: 4 }],
  })
})

test('a query that nobody waits for is told by its line', async () => {
  const recording = await between('sql`create table u ()`.execute(db)')
  expect(recording).toMatchObject({
    kind: 'dynamic',
    reasons: [{ message: 'It returns before this query has finished: an `await` is missing.', line: 4 }],
  })
})

test('a failure that nobody waits for takes no other migration with it', async () => {
  const recording = await between(`void Promise.reject(new Error('lost'))\nawait sql\`select 1\`.execute(db)`)
  expect(recording).toMatchObject({
    kind: 'dynamic',
    reasons: [{ message: 'Something that it did not wait for failed: lost' }],
  })
})

test('a module that looks at the environment as it is loaded counts against all that import it', async () => {
  const recordings = await recordFiles({
    'flags.js': 'export const flag = process.env.FLAG',
    'helper.js': `export { flag } from './flags.js'`,
    '0001.js': source('await sql`select ${String(flag)}`.execute(db)', { head: `import { flag } from './helper.js'` }),
    '0002.js': source('await sql`select ${String(flag)}`.execute(db)', { head: `import { flag } from './helper.js'` }),
    '0003.js': TABLE,
  })
  const message = 'It reads the environment variable FLAG.'
  expect(recordings.map(({ kind, reasons }) => [kind, ...reasons.map((it) => it.message)])).toEqual([
    ['dynamic', message],
    ['dynamic', message],
    ['static'],
  ])
})

test('a module that all import computes its date in both processes', async () => {
  const use = source('await sql`select ${day}`.execute(db)', { head: `import { day } from './day.js'` })
  const recordings = await recordFiles({
    'day.js': 'export const day = new Date().toISOString().slice(0, 10)',
    '0001.js': use,
    '0002.js': use,
  })
  expect(recordings.map(({ kind }) => kind)).toEqual(['dynamic', 'dynamic'])
})

test('what the environment holds does not reach a migration', async () => {
  process.env.FLEET_TEST_PASSWORD = 'secret'
  try {
    const recording = await between('await sql`select ${String(process.env.FLEET_TEST_PASSWORD)}`.execute(db)')
    expect(recording).toMatchObject({ kind: 'dynamic', queries: [{ parameters: ['undefined'] }] })
  } finally {
    delete process.env.FLEET_TEST_PASSWORD
  }
})

// Where the kernel tells what a process was started with.
test.skipIf(process.platform !== 'linux')(
  'without a configuration the process itself has no secrets, and the time zone is UTC',
  async () => {
    process.env.FLEET_TEST_PASSWORD = 'secret'
    try {
      const files = await migrationFiles({
        '0001.js': `import { readFileSync } from 'node:fs'
export const up = (db) => db.executeQuery({ sql: '-- ' + /PASSWORD/.test(readFileSync('/proc/self/environ', 'utf8')) + Intl.DateTimeFormat().resolvedOptions().timeZone, parameters: [], query: { kind: 'RawNode' }, queryId: {} })`,
      })
      const setup = setupOf('none')
      const sentWith = async (options: RecordOptions) => (await recordMigrations(files, options))[0]?.queries[0]?.sql
      expect(await sentWith({})).toBe('-- falseUTC')
      expect(await sentWith({ setup: { ...setup, environment: 'none' } })).toBe('-- falseUTC')
      expect(await sentWith({ setup })).toBe('-- trueUTC')
    } finally {
      delete process.env.FLEET_TEST_PASSWORD
    }
  },
)

test('a setup that fails is an error, with its reason', async () => {
  const files = await migrationFiles({ '0001.js': TABLE })
  const setup = { ...setupOf('none'), argument: 'unheard-of' }
  await expect(recordMigrations(files, { setup })).rejects.toThrow('no plugins are called unheard-of')
})

test('an aborted recording ends at once', async () => {
  const files = await migrationFiles({ '0001.js': source('await new Promise(() => {})') })
  const controller = new AbortController()
  const recording = recordMigrations(files, { setup: setupOf('none'), timeout: 100_000, signal: controller.signal })
  controller.abort(new Error('enough'))
  await expect(recording).rejects.toThrow('enough')
})

test('a file that cannot be loaded is dynamic with the reason', async () => {
  const [recording] = await recordFiles({ '0001.js': 'export const up = 1' })
  expect(recording).toMatchObject({ kind: 'dynamic', reasons: [{ message: '0001.js: `up` is not a function.' }] })
})

test('the migrations of the demonstration are static', async () => {
  const folder = new URL('../../../src/cli/demo/migrations/', import.meta.url)
  const names = (await readdir(folder)).map((file) => file.replace('.ts', ''))
  const sources = await Promise.all(names.map((name) => readFile(new URL(`${name}.ts`, folder), 'utf8')))
  const recordings = await recordFiles(Object.fromEntries(names.map((name, at) => [`${name}.ts`, sources[at] ?? ''])))
  expect(recordings.map(({ kind, reasons }) => [kind, ...reasons])).toEqual(names.map(() => ['static']))
})
