import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

async function projectWith(files: Record<string, string>): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'fleet-config-'))
  onTestFinished(() => rm(cwd, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text)
  return cwd
}

/** Loads in a process of its own, as the program does: the test runner would import the file its own way. */
async function load(cwd: string, file?: string): Promise<unknown> {
  const script = `import { loadConfig } from ${JSON.stringify(join(import.meta.dirname, '../../src/config/load-config.ts'))}
    const answer = await loadConfig(${JSON.stringify(file === undefined ? {} : { file })}).catch(({ code, message }) => ({ code, message }))
    console.log(JSON.stringify(answer))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd })
  return JSON.parse(stdout)
}

test('loads a TypeScript file that imports kysely-fleet and kysely from a folder without node_modules', async () => {
  const cwd = await projectWith({
    'fleet.config.ts': `import { defineFleet, embedded, type FleetInput } from 'kysely-fleet'
      import { sql } from 'kysely'
      const input: FleetInput = { name: typeof sql === 'function' ? 'found' : 'not', provider: embedded() }
      export default defineFleet(input)`,
  })
  expect(await load(cwd)).toMatchObject({ name: 'found', root: cwd, file: join(cwd, 'fleet.config.ts') })
})

test('loads the file that is named, and reads .env beside the working directory', async () => {
  const cwd = await projectWith({
    'other.config.mjs': 'export default { name: process.env.FLEET_TEST_NAME_FROM_DOTENV }',
    '.env': 'FLEET_TEST_NAME_FROM_DOTENV=from-dotenv\n',
  })
  expect(await load(cwd, 'other.config.mjs')).toMatchObject({ name: 'from-dotenv' })
})

test('loads JSON, and says which line of it is wrong', async () => {
  const right = await projectWith({ 'fleet.config.json': '{ "name": "from-json" }' })
  expect(await load(right)).toMatchObject({ name: 'from-json', file: join(right, 'fleet.config.json') })
  const wrong = await projectWith({ 'fleet.config.json': '{\n  "name": from-json\n}' })
  expect(await load(wrong)).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/^fleet\.config\.json cannot be read: .+ \(fleet\.config\.json:\d\)$/),
  })
})

test('says where it looked when there is none', async () => {
  const cwd = await projectWith({})
  expect(await load(cwd)).toMatchObject({
    code: 'CONFIG_NOT_FOUND',
    message: `There is no fleet.config.ts in ${cwd}.`,
  })
  expect(await load(cwd, 'x.ts')).toMatchObject({
    code: 'CONFIG_NOT_FOUND',
    message: `There is no configuration file ${join(cwd, 'x.ts')}.`,
  })
})

test.each<[what: string, file: string, text: string, message: RegExp]>([
  [
    'a syntax error in TypeScript',
    'fleet.config.ts',
    'const a: number = 1\nexport default {{\n',
    /^fleet\.config\.ts cannot be read: .+ \(fleet\.config\.ts:\d\)$/,
  ],
  [
    'a syntax error in JavaScript',
    'fleet.config.mjs',
    '\n\nconst a = = 1\n',
    /^fleet\.config\.mjs cannot be read: Unexpected token '='\. \(fleet\.config\.mjs:3\)$/,
  ],
  [
    'TypeScript that is more than types',
    'fleet.config.ts',
    '\nenum A { a }\nexport default {}',
    /enum is not supported in strip-only mode\. \(fleet\.config\.ts:2\)$/,
  ],
  [
    'a file that throws',
    'fleet.config.ts',
    '\nthrow new Error("boom")',
    /^fleet\.config\.ts threw while it was loaded: boom \(fleet\.config\.ts:2\)$/,
  ],
  [
    'an import that is not there',
    'fleet.config.ts',
    '\nimport "./gone.ts"\nexport default {}',
    /^fleet\.config\.ts imports what is not there: .*gone\.ts.* \(fleet\.config\.ts:2\)$/,
  ],
  [
    'a named import that is not there',
    'fleet.config.ts',
    '\nimport { oracle } from "kysely-fleet"\nexport default oracle',
    /does not provide an export named 'oracle'.* \(fleet\.config\.ts:2\)$/,
  ],
  ['no default export', 'fleet.config.ts', 'export const name = "x"', /^fleet\.config\.ts has no default export\.$/],
])('names file and line of %s', async (_what, file, text, message) => {
  const cwd = await projectWith({ [file]: text })
  expect(await load(cwd)).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(message),
  })
})
