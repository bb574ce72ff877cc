/**
 * The story of `fleet demo` with tenants that are projects at Neon, on an emulator of it: `cd examples && node neon-emulator/demo.ts`.
 * Each step is a command line of `fleet`, and is checked: it is told on the embedded server as well, and says the same there, but for
 * the lines that `same-story.ts` names. It ends by itself, and leaves nothing.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type Fleet, loadConfig, openFleet } from 'kysely-fleet'
import { Client } from 'pg'
import { startLocalNeon } from '../../test/support/neon-emulator/start-local-neon.ts'
import { assertSameStory, DIFFERENCES } from './same-story.ts'

const HERE = import.meta.dirname
const DEMO = join(HERE, '../../src/cli/demo')
const FLEET = fileURLToPath(new URL('./cli/main.js', import.meta.resolve('kysely-fleet')))
const TENANTS = {
  internal: ['acme', 'globex'],
  early: ['hooli', 'initech', 'piedpiper', 'umbrella'],
  all: ['stark', 'wayne'],
}
const ALL = Object.values(TENANTS).flat()
/** Its title is one that the risky migration cannot shorten. */
const LONG_TITLED = 'piedpiper'
const START = '0003_invoices'
const SAFE = '0005_invoices_by_project'

interface Project {
  readonly title: string
  readonly legacy_notes: string
}

const projectOf = (id: string): Project => ({
  title: id === LONG_TITLED ? 'Making the world a better place, with compression' : 'Website',
  legacy_notes: `call ${id} back`,
})

/** The folder of the same fleet on the embedded server. */
const twin = await mkdtemp(join(tmpdir(), 'fleet-demo-twin-'))
await cp(DEMO, twin, { recursive: true })
await writeFile(join(twin, 'package.json'), '{ "private": true, "type": "module" }\n')
/** Why lines differed. */
const met = new Set<string>()

const neon = await startLocalNeon({ operationMs: 200, enforceRateLimit: true })
Object.assign(process.env, {
  NEON_BASE_URL: neon.baseUrl,
  NEON_API_KEY: neon.apiKey,
  NEON_ORG_ID: neon.orgId,
  FLEET_CATALOG_URL: neon.catalogUrl,
  FLEET_SECRET_KEY: randomBytes(32).toString('base64'),
})
// The command that runs is ended, no other begins, and what was started is stopped.
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort())
try {
  // Held, so that its server is not stopped after each command.
  await withFleet(twin, async () => tellStory())
  assert.deepEqual([...met].sort(), DIFFERENCES.map(({ why }) => why).sort())
  await runCheck()
  // It answers a request that Neon's specification does not know with 400 or 501; these are the details.
  assert.deepEqual(neon.violations, [])
} finally {
  await neon.stop()
  await rm(twin, { recursive: true, force: true })
}

async function tellStory(): Promise<void> {
  await alone(['doctor'], 0)
  await fleet(['rollout', 'start', '--to', START, '--yes'], 0)
  for (const [ring, ids] of Object.entries(TENANTS)) {
    await fleet(['tenant', 'create', ...ids, '--tag', `ring=${ring}`], 0)
  }
  assert.equal((await projectsAtNeon()).length, ALL.length)
  await fleet(['rollout', 'start', '--to', SAFE, '--yes'], 0)
  const urls = await withFleet(HERE, (it) => urlsOf(it))
  for (const folder of [HERE, twin]) await writeProjects(folder)

  // Shortens titles and drops notes: 3 says that a tenant failed, and that those after it were left alone.
  await fleet(['rollout', 'start', '--yes'], 3)
  const failed = await withFleet(HERE, (it) => it.rollouts.status())
  assert.equal(failed.state, 'paused')
  await fleet(['rollout', 'undo', failed.id, '--yes'], 0)
  await fleet(['status'], 0)

  // As it was before: the same addresses, the same rows, the same version.
  assert.deepEqual(await withFleet(HERE, (it) => urlsOf(it)), urls)
  for (const folder of [HERE, twin]) await checkProjects(folder)

  await fleet(['tenant', 'delete', ...ALL, '--yes'], 0)
  await fleet(['sweep', '--yes'], 0)
  assert.deepEqual(await projectsAtNeon(), [])
}

async function writeProjects(folder: string): Promise<void> {
  const urls = await withFleet(folder, (it) => urlsOf(it))
  for (const id of ALL) {
    const { title, legacy_notes } = projectOf(id)
    await inTenant(
      urls[id],
      `with customer as (insert into customers (email, name) values ('me@example.com', 'Me') returning id)
       insert into projects (customer_id, title, legacy_notes) select id, $1, $2 from customer`,
      [title, legacy_notes],
    )
  }
}

async function checkProjects(folder: string): Promise<void> {
  const urls = await withFleet(folder, (it) => urlsOf(it))
  for (const id of ALL) {
    assert.deepEqual(await inTenant(urls[id], 'select title, legacy_notes from projects'), [projectOf(id)])
    const [last] = await inTenant(urls[id], 'select name from kysely_migration order by name desc limit 1')
    assert.deepEqual(last, { name: SAFE })
  }
}

/** What a user with an account would run against Neon itself. */
async function runCheck(): Promise<void> {
  console.log('\n$ node neon-live-check/check.ts')
  await run([join(HERE, '../neon-live-check/check.ts')], 0)
  assert.deepEqual(await projectsAtNeon(), [])
}

/** One step of the story: on the emulator, then on the embedded server, where it must say the same. */
async function fleet(args: readonly string[], code: number): Promise<void> {
  const atNeon = await alone(args, code)
  const embedded = await run([FLEET, ...args], code, { cwd: twin, shows: false })
  assertSameStory({ neon: atNeon, embedded }, met)
}

/** A step whose output is about the provider. */
async function alone(args: readonly string[], code: number): Promise<string> {
  console.log(`\n$ fleet ${args.join(' ')}`)
  return run([FLEET, ...args], code)
}

/** Returns what it printed. */
async function run(args: readonly string[], code: number, { cwd = HERE, shows = true } = {}): Promise<string> {
  const child = spawn(process.execPath, args, {
    cwd,
    // Else lines are broken where a name is longer.
    env: { ...process.env, COLUMNS: '1000' },
    stdio: ['ignore', 'pipe', 'inherit'],
    signal: interruption.signal,
  })
  if (shows) child.stdout.pipe(process.stdout, { end: false })
  const [output, exit] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (exit[0] !== code && !shows) process.stdout.write(output)
  assert.deepEqual(exit, [code, null])
  return output
}

async function withFleet<T>(folder: string, use: (fleet: Fleet) => Promise<T>): Promise<T> {
  const opened = await openFleet(await loadConfig({ cwd: folder }))
  try {
    return await use(opened)
  } finally {
    await opened.close()
  }
}

async function urlsOf({ tenants }: Fleet): Promise<Readonly<Record<string, string>>> {
  const urls: Record<string, string> = {}
  for (const id of ALL) urls[id] = await tenants.url(id, { reveal: true })
  return urls
}

/** As the tenant's application. */
async function inTenant(url: string | undefined, sql: string, values: readonly string[] = []): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql, [...values])).rows
  } finally {
    await client.end()
  }
}

async function projectsAtNeon(): Promise<readonly string[]> {
  const response = await fetch(`${neon.baseUrl}/projects?limit=100`, {
    headers: { authorization: `Bearer ${neon.apiKey}` },
  })
  const { projects } = (await response.json()) as { projects: readonly { readonly name: string }[] }
  return projects.map(({ name }) => name)
}
