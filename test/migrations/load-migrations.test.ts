import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { checksum } from '../../src/migrations/checksum.ts'
import { listMigrationFiles } from '../../src/migrations/list-migration-files.ts'

const UP = 'export async function up(db: unknown): Promise<void> {}\n'
const UP_JS = 'export async function up() {}\n'

interface Loaded {
  readonly migrations: {
    name: string
    file: string
    checksum: string
    transaction: boolean
    up: string
    down: string
  }[]
  readonly code?: string
  readonly message?: string
}

async function setup(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), 'load-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const folder = join(root, 'migrations')
  await mkdir(folder)
  // As `fleet init` finds most projects; without it Node warns of every .ts file.
  await writeFile(join(root, 'package.json'), '{"type":"module"}')
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  /** Loads in a process of its own; given an edit, twice. */
  const load = async (edit?: { name: string; text: string }): Promise<Loaded[]> => {
    const child = join(import.meta.dirname, 'load-child.ts')
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      child,
      JSON.stringify({ folder, root, edit }),
    ])
    expect(stderr).toBe('')
    return JSON.parse(stdout)
  }
  return { load, list: () => listMigrationFiles({ folder, root }) }
}

test('files are migrations by their ending, in the order of a plain sort', async () => {
  const { load, list } = await setup({
    '10_b.ts': UP,
    '2_c.js': UP_JS,
    'B.mjs': UP_JS,
    'a.mts': UP,
    'x.d.ts': 'broken',
    'x.d.mts': 'broken',
    'x.js.map': 'broken',
    'readme.md': 'broken',
  })
  const [{ migrations } = { migrations: [] }] = await load()
  expect(migrations.map(({ name }) => name)).toEqual(['10_b', '2_c', 'B', 'a'])
  expect(migrations.map(({ file }) => file)).toEqual([
    'migrations/10_b.ts',
    'migrations/2_c.js',
    'migrations/B.mjs',
    'migrations/a.mts',
  ])
  expect((await list()).map(({ name, checksum }) => [name, checksum])).toEqual(
    migrations.map(({ name, checksum }) => [name, checksum]),
  )
})

test('names and checksums are known without importing', async () => {
  const { list } = await setup({ '0001_a.ts': 'throw new Error("not imported")' })
  expect(await list()).toMatchObject([{ name: '0001_a', checksum: expect.stringMatching(/^[0-9a-f]{64}$/) }])
})

test('exports may be named or an object, down and config are optional', async () => {
  const { load } = await setup({
    'a.ts': `${UP}export const config = { transaction: false }`,
    'b.ts': 'export default { up: async () => {}, down: async () => {}, config: { transaction: false } }',
    'c.ts': `${UP}export async function down() {}\nexport const config = {}`,
  })
  const [{ migrations } = { migrations: [] }] = await load()
  expect(migrations.map(({ transaction }) => transaction)).toEqual([false, false, true])
  expect(migrations.map(({ down }) => down)).toEqual(['undefined', 'function', 'function'])
})

test('a file that was edited meanwhile is loaded afresh', async () => {
  const { load } = await setup({ 'a.ts': UP })
  const loaded = await load({ name: 'a.ts', text: `${UP}export const config = { transaction: false }` })
  expect(loaded.map(({ migrations }) => migrations[0]?.transaction)).toEqual([true, false])
})

test.each([
  ['a.ts', 'export const x = 1', 'migrations/a.ts: there is no `up` function.'],
  ['a.ts', 'export const up = 1', 'migrations/a.ts: `up` is not a function.'],
  ['a.ts', `${UP}export const down = 1`, 'migrations/a.ts: `down` is not a function.'],
  [
    'a.ts',
    `${UP}export const config = { transactional: false }`,
    'migrations/a.ts: `config.transactional` is not known; known: transaction, allow.',
  ],
  [
    'a.ts',
    `${UP}export const config = { transaction: 'no' }`,
    'migrations/a.ts: `config.transaction` is neither true nor false.',
  ],
  ['a.ts', `\n${UP}const x = ;`, 'migrations/a.ts:3: Expression expected'],
  ['a.js', `\n${UP_JS}const x = ;`, `migrations/a.js:3: Unexpected token ';'`],
  ['a.ts', `${UP}const x = 1\nconst x: number = 2`, `migrations/a.ts:3: Identifier 'x' has already been declared`],
  ['a.ts', `${UP}\nenum A { B }`, 'migrations/a.ts:3: TypeScript enum is not supported in strip-only mode'],
  ['a.ts', `${UP}\nthrow new Error('boom')`, 'migrations/a.ts:3: boom'],
  ['a.js', `${UP_JS}\nmissing()`, 'migrations/a.js:3: missing is not defined'],
  ['a.ts', `\nimport { x } from './gone.ts'\n${UP}`, `migrations/a.ts:2: Cannot find module`],
  ['a.ts', `\nimport { x } from 'no-such-package'\n${UP}`, `migrations/a.ts:2: Cannot find package 'no-such-package'`],
  [
    'a.ts',
    `import { nope } from 'node:fs'\n${UP}`,
    `migrations/a.ts:1: The requested module 'node:fs' does not provide`,
  ],
])('%s with %j is refused with its line', async (name, text, message) => {
  const { load } = await setup({ [name]: text })
  expect(await load()).toMatchObject([{ code: 'MIGRATION_INVALID', message: expect.stringContaining(message) }])
})

test('two files of one name are refused, naming both', async () => {
  const { list } = await setup({ 'a.ts': UP, 'a.js': UP_JS })
  await expect(list()).rejects.toMatchObject({
    code: 'MIGRATION_INVALID',
    message: expect.stringMatching(/a\.(ts|js) and .*a\.(ts|js)/),
  })
})

test('a missing folder is named', async () => {
  const missing = listMigrationFiles({ folder: '/nowhere/migrations', root: '/nowhere' })
  await expect(missing).rejects.toMatchObject({
    code: 'MIGRATION_INVALID',
    message: 'The migration folder migrations cannot be read.',
  })
})

test('a checksum does not depend on line ends, but on everything else', () => {
  const of = (text: string) => checksum(Buffer.from(text))
  expect(of('a\r\nb\r\n')).toBe(of('a\nb\n'))
  expect(of('a\nb')).not.toBe(of('a\rb'))
  expect(of('a\nb')).not.toBe(of('a\nb\n'))
  expect(checksum(Buffer.from([0xff, 0xfe]))).not.toBe(checksum(Buffer.from([0xff, 0xff])))
})
