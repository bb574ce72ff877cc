import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { runCli } from './run-cli.ts'

let cwd: string

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'fleet-cli-'))
  onTestFinished(() => rm(cwd, { recursive: true }))
})

test.each<[args: string[], stderr: string]>([
  [['rollot'], "fleet: unknown command 'rollot'\n(Did you mean rollout?)\n"],
  [['rollout', 'start', '--tags', 'a=b'], "fleet: unknown option '--tags'\n(Did you mean --tag?)\n"],
  [
    ['rollout', 'start', '--concurrency', '0'],
    "fleet: option '--concurrency <n>' argument '0' is invalid. It is a whole number of at least 1.\n",
  ],
  [
    ['tenant', 'create', 'a', '--tag', 'ring'],
    "fleet: option '--tag <key=value>' argument 'ring' is invalid. Write it as key=value, such as ring=internal; a key has letters, digits, _, . and - only, 63 at most.\n",
  ],
  [['check'], "fleet: required option '--at-least <migration>' not specified\n"],
  [['tenant', 'tag', 'acme'], 'fleet: No tag is named.\n       Write: fleet tenant tag <id>... key=value\n'],
  [
    ['tenant', 'adopt', 'acme', 'postgres://u:hunter2@h/d'],
    'fleet: An argument is a URL with a password: other users of this machine can read it.\n       Put the URL into an environment variable and name it with `--url-env`.\n',
  ],
  [
    ['tenant', 'adopt'],
    'fleet: One of --url-env, --from and --like says which databases.\n       Read `fleet tenant adopt --help`.\n',
  ],
  [
    ['tenant', 'adopt', 'acme', '--url-env', 'FLEET_NOT_SET'],
    'fleet: The environment variable FLEET_NOT_SET is not set.\n       Set it to the URL of the database.\n',
  ],
  [['status', '--config', 'gone.ts'], 'fleet: There is no configuration file gone.ts'],
])('fleet %j is a usage error', async (args, stderr) => {
  const result = await runCli(args, { cwd })
  expect(result.stderr.replaceAll(`${cwd}/`, '')).toContain(stderr.slice(0, -1))
  expect(result).toMatchObject({ code: 2, stdout: '' })
})

test('help teaches with examples and exit codes, in 80 columns', async () => {
  const { code, stdout } = await runCli(['--help'], { cwd })
  expect(code).toBe(0)
  expect(stdout).toMatch(/Examples:[\s\S]*fleet rollout plan[\s\S]*Exit codes:[\s\S]*130 {2}interrupted/)
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
})

test('a group without a command shows what there is, as a usage error', async () => {
  expect(await runCli(['tenant'], { cwd })).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('adopt'),
  })
})

test('the version is that of the package', async () => {
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'))
  expect(await runCli(['--version'], { cwd })).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

test('an error is a document of its own for programs', async () => {
  const { code, stdout, stderr } = await runCli(['status', '--output', 'json'], { cwd })
  expect([code, stdout]).toEqual([2, ''])
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'CONFIG_NOT_FOUND', exit: 2 } })
})

test('a mistake in the configuration is told with its line, and a stack only when asked for', async () => {
  await writeFile(join(cwd, 'fleet.config.ts'), "export default {\n  name: 'demo',\n  pool: { size: 1 },\n}\n")
  const { code, stderr } = await runCli(['status'], { cwd })
  expect(code).toBe(2)
  expect(stderr).toMatch(/^fleet: pool: is not an option\. Allowed here: .* {2}\(fleet\.config\.ts:3\)\n$/)
  expect((await runCli(['status', '--debug'], { cwd })).stderr).toMatch(/\n {4}at /)
})

test('init writes a project once, and leaves it alone afterwards', async () => {
  await writeFile(join(cwd, 'package.json'), '{ "name": "@acme/Tenant DB", "type": "module" }')
  await writeFile(join(cwd, '.gitignore'), 'node_modules')
  const first = await runCli(['init'], { cwd, env: { FLEET_SERVER_URL: '' } })
  expect(first).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Wrote fleet.config.ts, migrations/0001_notes.ts, .gitignore (.fleet/).'),
  })
  expect(await readFile(join(cwd, 'fleet.config.ts'), 'utf8')).toContain("name: 'tenant-db',\n  provider: embedded(),")
  expect(await readFile(join(cwd, '.gitignore'), 'utf8')).toBe('node_modules\n.fleet/\n')
  const again = await runCli(['init', '--output', 'json'], { cwd })
  expect(JSON.parse(again.stdout)).toMatchObject({ wrote: [], found: ['migrations/ (1 file)', 'fleet.config.ts'] })
})

test('init takes the server from the environment, and counts the migrations that are there', async () => {
  await runCli(['init'], { cwd })
  await rm(join(cwd, 'fleet.config.ts'))
  const { stdout } = await runCli(['init'], { cwd, env: { FLEET_SERVER_URL: 'postgres://u:hunter2@h/d' } })
  expect(stdout).toContain('Found migrations/ (1 file), no fleet.config.ts.')
  expect(stdout).toContain("fleet tenant adopt --like 'tenant_%' --dry-run")
  expect(await readFile(join(cwd, 'fleet.config.ts'), 'utf8')).toContain(
    'postgres({ url: process.env.FLEET_SERVER_URL })',
  )
})
