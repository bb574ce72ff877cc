import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { FleetInput } from '../../src/config/define-fleet.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { Fleet } from '../../src/fleet/fleet.ts'
import { openFleet } from '../../src/fleet/open-fleet.ts'
import { mapConcurrently } from '../../src/lib/map-concurrently.ts'
import type { FleetEvent } from '../../src/model/events.ts'
import { type Client, withClient } from '../../src/postgres/connect.ts'
import { formatConnectionString } from '../../src/postgres/connection-string.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import { makeTestDirectory } from './test-directory.ts'
import { admin, superuser } from './test-server.ts'

export interface TestFleet {
  readonly name: string
  /** The project's folder, with `fleet.config.ts` and `migrations/`: for processes of their own. */
  readonly root: string
  /** Of the admin, with its password. */
  readonly url: string
  readonly fleet: Fleet
  readonly events: FleetEvent[]
  /** Opens the same fleet a second time, as another process would. */
  open(): Promise<Fleet>
  /** Writes a migration whose `up` is this body; `db` and `sql` are there. */
  migration(name: string, up: string, more?: string): Promise<void>
  create(tenants: Readonly<Record<string, Readonly<Record<string, string>>>> | readonly string[]): Promise<void>
  /** Lends a superuser's connection to a tenant's database. */
  inTenant<T>(id: string, use: (client: Client) => Promise<T>): Promise<T>
  /** Lends a superuser's connection to the catalog. */
  inCatalog<T>(use: (client: Client) => Promise<T>): Promise<T>
  /** Reads tenants' own history tables, not the catalog: names in order, by tenant. */
  histories(ids: readonly string[]): Promise<Record<string, string[]>>
  /** Environment for processes of their own. */
  readonly env: NodeJS.ProcessEnv
}

/** Hundreds of databases may have to go. */
const CLEAN_UP_MS = 180_000

/** What migrations of tests begin with. */
export const FIRST = '0001_items'
export const SECOND = '0002_price'

export interface SetupOptions {
  /** Whether there are two at once. Default true. */
  readonly migrations?: boolean
  /** Removes all of a fleet, by its name; left out: databases and roles of the server under test. */
  readonly remove?: (name: string) => Promise<void>
}

/**
 * Makes a fleet of its own on the server under test, with two migrations. When the test has passed, everything is
 * removed; a failed one leaves its databases to be looked at.
 */
export async function setupFleet(
  input: Partial<FleetInput> = {},
  { migrations = true, remove = removeFleet }: SetupOptions = {},
): Promise<TestFleet> {
  const name = `t${randomBytes(5).toString('hex')}`
  const root = await makeTestDirectory()
  const env = { ...process.env, FLEET_SECRET_KEY: randomBytes(32).toString('base64'), FLEET_FAILPOINT: '', CI: 'true' }
  process.env.FLEET_SECRET_KEY = env.FLEET_SECRET_KEY
  const url = formatConnectionString(admin(), { reveal: true })
  const config: FleetInput = { name, provider: { kind: 'postgres', url }, ...input }
  await mkdir(join(root, 'migrations'))
  await writeFile(join(root, 'package.json'), '{ "type": "module" }')
  await writeFile(join(root, 'fleet.config.ts'), `export default ${JSON.stringify(config)}\n`)
  const open = () => openFleet(parseConfig(config, { root }))
  const test: Omit<TestFleet, 'fleet'> = {
    name,
    root,
    url,
    env,
    events: [],
    open,
    migration: (file, up, more = '') =>
      writeFile(
        join(root, 'migrations', `${file}.ts`),
        `import { sql } from 'kysely'\nexport async function up(db: any) {\n${up}\n}\n${more}\n`,
      ),
    create: (tenants) => create(fleet, tenants),
    inTenant: (id, use) => withClient({ ...superuser(), database: `${name}_${id}` }, { applicationName: 'test' }, use),
    inCatalog: (use) => withClient({ ...superuser(), database: `${name}__catalog` }, { applicationName: 'test' }, use),
    histories: async (ids) => {
      const histories: Record<string, string[]> = {}
      for (const id of ids) {
        const { rows } = await test.inTenant(id, (client) =>
          client.query('select name from kysely_migration order by timestamp, name'),
        )
        histories[id] = rows.map((row) => row.name)
      }
      return histories
    },
  }
  if (migrations) {
    await test.migration(FIRST, `await sql\`create table items (id int primary key)\`.execute(db)`)
    await test.migration(SECOND, `await sql\`alter table items add column price int\`.execute(db)`)
  }
  const fleet = await open()
  fleet.on((event) => test.events.push(event))
  onTestFinished(async ({ task }) => {
    await fleet.close()
    if (task.result?.state === 'fail') return
    await remove(name)
    await rm(root, { recursive: true, force: true })
  }, CLEAN_UP_MS)
  return { ...test, fleet }
}

async function create(
  fleet: Fleet,
  tenants: Readonly<Record<string, Readonly<Record<string, string>>>> | readonly string[],
): Promise<void> {
  const list = Array.isArray(tenants)
    ? tenants.map((id: string) => ({ id }))
    : Object.entries(tenants).map(([id, tags]) => ({ id, tags }))
  for await (const _ of fleet.tenants.create(list));
}

async function removeFleet(name: string): Promise<void> {
  await withClient(superuser(), { applicationName: 'test' }, async (client) => {
    const pattern = `${name.replaceAll('_', '\\_')}\\_%`
    const { rows: databases } = await client.query('select datname from pg_database where datname like $1', [pattern])
    // Each waits for a checkpoint: together they share it.
    const drop = ({ datname }: { datname: string }) =>
      withClient(superuser(), { applicationName: 'test' }, (other) =>
        other.query(`drop database if exists ${quoteIdentifier(datname)} with (force)`),
      )
    for await (const _ of mapConcurrently(databases, 8, drop));
    const { rows: roles } = await client.query('select rolname from pg_roles where rolname like $1', [pattern])
    for (const { rolname } of roles) await client.query(`drop role if exists ${quoteIdentifier(rolname)}`)
  })
}

/** Numbers ids: t001, t002, ... */
export function ids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `t${String(index + 1).padStart(3, '0')}`)
}
