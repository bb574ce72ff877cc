import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { makeTestDirectory } from '../support/test-directory.ts'
import { runCli } from './run-cli.ts'

// Each command is a process of its own, which starts a server.
vi.setConfig({ testTimeout: 180_000 })

const SCHEMA = `create table users (id bigint primary key, name text, phone text);
create table orders (id bigint primary key, user_id bigint);`

/** A folder with these files, and nothing that says that there is a fleet. */
async function setup(files: Readonly<Record<string, string>>) {
  const cwd = await makeTestDirectory()
  await mkdir(join(cwd, 'migrations'))
  await writeFile(join(cwd, 'package.json'), '{ "type": "module" }')
  for (const [name, text] of Object.entries({ 'schema.sql': SCHEMA, ...files })) await writeFile(join(cwd, name), text)
  const lint = (...args: string[]) => runCli(['lint', ...args], { cwd, env: { CI: 'true' } })
  const json = async (...args: string[]) => JSON.parse((await lint(...args, '--output', 'json')).stdout)
  return { lint, json }
}

test('plain SQL is looked into without a fleet: what is locked, rewritten and lost, statement by statement', async () => {
  const { lint, json } = await setup({
    'change.sql': `\uFEFF-- What nobody reads.
alter table users drop column phone;
create index orders_user on orders (user_id);
alter table users add column seats int default 1;`,
    'safe.sql': 'alter table users add column seats int',
  })
  const change = ['--sql', 'change.sql', '--schema', 'schema.sql']
  expect(await json(...change)).toMatchObject([
    {
      type: 'finding',
      file: 'change.sql',
      statement: 'alter table users drop column phone',
      line: 2,
      rule: 'drop-column',
      class: 'destructive',
      table: 'users',
      lock: 'ACCESS EXCLUSIVE',
      rewrite: false,
      scan: false,
      dataLoss: true,
      restorePoint: true,
      approval: true,
      source: 'trace',
    },
    { rule: 'create-index-blocking', line: 3, table: 'orders', lock: 'SHARE', dataLoss: false, restorePoint: false },
    { rule: 'statements-after-exclusive-lock', class: 'advice' },
    {
      type: 'summary',
      file: 'change.sql',
      verdict: 'risky',
      restorePoint: true,
      tracedOn: expect.stringMatching(/18\./),
    },
  ])
  const shown = await lint(...change)
  expect(shown).toMatchObject({ code: 5, stderr: '' })
  expect(shown.stdout).toMatch(/change\.sql {2}risky {2}restore point[\s\S]*drop-column {2}change\.sql:2/)
  expect(Math.max(...shown.stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  expect((await lint(...change, '--output', 'github')).stdout).toContain(
    '::error file=change.sql,line=2,title=drop-column::',
  )
  expect(await lint('--sql', 'safe.sql', '--schema', 'schema.sql', '--fail-on', 'any')).toMatchObject({ code: 0 })
})

test('what is found counts from --fail-on, and a waiver with a reason takes it out', async () => {
  const { lint, json } = await setup({
    'index.sql': 'create index orders_user on orders (user_id)',
    'waived.sql': `-- fleet: allow drop-column because nothing has read it since 2.1
alter table users drop column phone`,
    'unused.sql': `-- fleet: allow drop-table because it is empty
select 1`,
    'reasonless.sql': '-- fleet: allow drop-column\nalter table users drop column phone',
  })
  const on = (file: string, ...more: string[]) => ['--sql', file, '--schema', 'schema.sql', ...more]
  expect(await lint(...on('index.sql'))).toMatchObject({ code: 0 })
  expect(await lint(...on('index.sql', '--fail-on', 'blocking'))).toMatchObject({ code: 5 })
  expect(await lint(...on('waived.sql'))).toMatchObject({ code: 0 })
  expect(await json(...on('waived.sql'))).toMatchObject([
    { type: 'summary', restorePoint: true, waived: [{ rule: 'drop-column', reason: 'nothing has read it since 2.1' }] },
  ])
  expect(await json(...on('unused.sql'))).toMatchObject([{ type: 'summary', unusedWaivers: ['drop-table'] }])
  expect(await lint(...on('reasonless.sql'))).toMatchObject({ code: 2, stderr: expect.stringContaining('reason') })
})

test('what cannot be looked into is said in a sentence', async () => {
  const { lint, json } = await setup({
    'broken.sql': 'alter table users\n  ad column x int',
    'fails.sql': 'alter table nobody add column x int',
    'bad-schema.sql': 'create table users (id no_such_type)',
    'empty.sql': '-- nothing\n',
  })
  expect(await lint('--sql', 'gone.sql')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is no file gone.sql.'),
  })
  const broken = await lint('--sql', 'broken.sql')
  expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining('broken.sql:2:') })
  expect(broken.stderr).toContain('^')
  expect(await lint('--sql', 'empty.sql', '--schema', 'bad-schema.sql')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('bad-schema.sql:1: The schema fails'),
  })
  expect(await lint('--sql', 'empty.sql')).toMatchObject({ code: 0 })
  expect(await lint('--schema', 'schema.sql')).toMatchObject({ code: 2 })
  // Never safe.
  expect(await json('--sql', 'fails.sql')).toMatchObject([
    { rule: 'not-traced', restorePoint: true },
    { type: 'summary', verdict: 'risky', notTraced: 'fails.sql could not be traced to its end.' },
  ])
})

test('without a configuration all migrations of the folder are looked into, each on the schema before it', async () => {
  const { json } = await setup({
    'migrations/0001_users.ts': `export const up = (db) => db.schema.createTable('users').addColumn('phone', 'text').execute()`,
    'migrations/0002_phone.ts': `export const config = { allow: { 'drop-column': 'never used' } }
      export const up = (db) => db.schema.alterTable('users').dropColumn('phone').execute()`,
    'migrations/0003_read.ts': `export const up = async (db) => {
      for (const { id } of await db.selectFrom('users').selectAll().execute()) await db.deleteFrom('users').where('id', '=', id).execute()
    }`,
  })
  expect((await json()).filter(({ type }: { type: string }) => type === 'summary')).toMatchObject([
    { migration: '0001_users', verdict: 'safe', kind: 'static' },
    { migration: '0002_phone', verdict: 'safe', waived: [{ rule: 'drop-column' }], restorePoint: true },
    { migration: '0003_read', verdict: 'risky', kind: 'dynamic', reasons: [{ line: 2 }] },
  ])
})
