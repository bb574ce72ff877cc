/**
 * Checks the package as its users get it: `npm run check-package`. Packs it, lets publint and attw judge the tarball,
 * then installs it into an empty project and does there what the README promises. Ends with 1 at the first difference.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules/.bin')
const temporary = mkdtempSync(join(tmpdir(), 'kysely-fleet-package-'))
const app = join(temporary, 'app')
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

try {
  // Some CI sets FLEET_* for its own fleet; what a new user has is none of it.
  for (const name of Object.keys(process.env).filter((it) => it.startsWith('FLEET_'))) delete process.env[name]

  const [packed] = JSON.parse(run(root, 'npm', ['pack', '--json', '--pack-destination', temporary]))
  const tarball = join(temporary, packed.filename)
  done(`packed ${packed.entryCount} files, ${Math.round(packed.size / 1024)} kB`)

  run(root, join(bin, 'publint'), ['run', tarball, '--strict'])
  done('publint finds nothing')
  run(root, join(bin, 'attw'), [tarball, '--profile', 'esm-only'])
  done('its types resolve for every way to import it')

  mkdirSync(app)
  run(app, 'npm', ['init', '--yes'])
  run(app, 'npm', ['install', '--prefer-offline', tarball, `@types/node@${devDependencies['@types/node']}`])
  done('it installs into an empty project, with its peer')

  fleet('init')
  expectIn(fleet('migrate', 'make', 'add_seats'), '0002_add_seats')
  expectIn(fleet('tenant', 'create', 'acme'), 'acme')
  const { versions, newest } = JSON.parse(fleet('status', '--output', 'json'))
  expectIn(JSON.stringify(versions), `"tenants":1`)
  expectIn(newest, '0002_add_seats')
  done('fleet init, migrate make, tenant create, status')

  cpSync(join(root, 'scripts/package-fixture'), app, { recursive: true })
  run(app, join(bin, 'tsc'), ['--project', '.'])
  done('what imports it type-checks, its declarations included')
  expectIn(run(app, process.execPath, ['app.mts']), '{"created":["globex"],"ready":2}')
  done('what imports it runs')

  const empty = join(temporary, 'empty')
  mkdirSync(empty)
  const demo = run(empty, 'npm', ['exec', '--yes', ...npxCache(), `--package=${tarball}`, '--', 'kysely-fleet', 'demo'])
  expectIn(demo, 'tenants are as before r')
  done('npx kysely-fleet demo in an empty folder')
} catch (error) {
  console.error(` ✗ ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  rmSync(temporary, { recursive: true, force: true })
}

/** Runs the program that the project installed, and none that npm would fetch. */
function fleet(...args: string[]): string {
  return run(app, 'npm', ['exec', '--no', '--', 'fleet', ...args])
}

/** Returns what a command printed. One that fails ends the check; what it printed is shown then. */
function run(cwd: string, command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${args.join(' ')}\n${stdout ?? ''}${stderr ?? ''}`, { cause: error })
  }
}

/** npx keeps what it installs for ever: here in a folder of our own, with the downloads of the real cache. */
function npxCache(): string[] {
  const cache = join(temporary, 'npm-cache')
  mkdirSync(cache)
  const real = join(run(root, 'npm', ['config', 'get', 'cache']).trim(), '_cacache')
  mkdirSync(real, { recursive: true })
  symlinkSync(real, join(cache, '_cacache'))
  return ['--prefer-offline', '--cache', cache]
}

function expectIn(text: string, expected: string): void {
  if (!text.includes(expected)) throw new Error(`Expected ${expected} in:\n${text}`)
}

function done(what: string): void {
  console.log(` ✓ ${what}`)
}
