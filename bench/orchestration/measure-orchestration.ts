import { fork } from 'node:child_process'
import { once } from 'node:events'
import { openCatalog } from '../../src/catalog/open-catalog.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { Fleet } from '../../src/fleet/fleet.ts'
import { openFleet } from '../../src/fleet/open-fleet.ts'
import { programVersion } from '../../src/lib/program-version.ts'
import { loadMigrations } from '../../src/migrations/load-migrations.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import type { BenchServer } from '../bench-server.ts'
import { MIGRATIONS_FOLDER } from '../migrations-folder.ts'
import { seedCatalog } from '../seed-catalog.ts'
import { time } from '../statistics.ts'
import { FLEET, type FromDriver, type ToDriver } from './messages.ts'

export interface OrchestrationOptions {
  readonly tenants: number
  readonly concurrency: number
  readonly log: (line: string) => void
}

/** Times are in milliseconds. */
export interface Orchestration {
  readonly tenants: number
  readonly planMs: number
  readonly startMs: number
  readonly driveMs: number
  /** Per second, in each tenth of the rollout: falls where a query's cost grows with what is done already. */
  readonly perSecond: readonly number[]
  /** Most memory that the driving process had at any time. */
  readonly maxRssMb: number
  /** Processor time of the driving process, all in all. */
  readonly cpuMs: number
  /** Of the fleet: before, in each tenth, and after. */
  readonly statusMs: { readonly before: number; readonly during: readonly number[]; readonly after: number }
  readonly checkMs: number
  /** Streaming all tenants by pages. */
  readonly listMs: number
}

// More servers than the concurrency needs, each with what is usual for one.
const SERVERS = ['s1', 's2', 's3', 's4', 's5']

/** Rolls out to many tenants that are only rows: what is left is the catalog and the loop. */
export async function measureOrchestration(
  { root, provider }: BenchServer,
  { tenants, concurrency, log }: OrchestrationOptions,
): Promise<Orchestration> {
  const address = await provider.ensureCatalogDatabase(FLEET)
  const newest = await seed(address, tenants)
  log(`${tenants} tenants are in the catalog`)
  const fleet = await openFleet(
    parseConfig({ name: FLEET, provider: { kind: 'embedded' }, migrations: { folder: MIGRATIONS_FOLDER } }, { root }),
  )
  try {
    const before = await time(() => fleet.status())
    const driven = await drive(fleet, address, { tenants, concurrency, log })
    const after = await time(() => fleet.status())
    // Reads the histories of no tenant: there are none to connect to.
    const checkMs = await time(() => fleet.check({ atLeast: newest, verify: 0 }))
    const listMs = await time(async () => {
      for await (const _ of fleet.tenants.list());
    })
    const { during, ...rest } = driven
    return { tenants, ...rest, checkMs, listMs, statusMs: { before, during, after } }
  } finally {
    await fleet.close()
  }
}

/** Three histories, the newest migration in none of them; returns its name. */
async function seed(address: ConnectionDescriptor, tenants: number): Promise<string> {
  const migrations = await loadMigrations({ folder: MIGRATIONS_FOLDER, root: process.cwd() })
  const names = migrations.map((it) => it.name)
  const catalog = await openCatalog(address, { fleet: FLEET, programVersion: programVersion(), upgrade: false })
  const histories = [1, 2, 3].map((missing) => names.slice(0, -missing))
  await seedCatalog(catalog.db, { tenants, servers: SERVERS, histories, ownerRole: null })
  await catalog.close()
  return names.at(-1) ?? ''
}

type Driven = Omit<Orchestration, 'tenants' | 'statusMs' | 'checkMs' | 'listMs'> & {
  readonly during: readonly number[]
}

async function drive(
  fleet: Fleet,
  address: ConnectionDescriptor,
  { tenants, concurrency, log }: OrchestrationOptions,
): Promise<Driven> {
  const child = fork(new URL('./orchestrate.ts', import.meta.url))
  const perSecond: number[] = []
  const during: number[] = []
  let driven: Driven | undefined
  let begun: Extract<FromDriver, { kind: 'started' }> | undefined
  let looking: Promise<unknown> = Promise.resolve()
  child.on('message', (told) => {
    const message = told as FromDriver
    log(JSON.stringify(message))
    if (message.kind === 'started') begun = message
    if (message.kind === 'tenth') {
      perSecond.push((tenants / 10 / message.ms) * 1000)
      looking = time(() => fleet.status()).then((ms) => during.push(ms))
    }
    if (message.kind === 'finished' && begun !== undefined) {
      const { planMs, startMs } = begun
      const { driveMs, maxRssMb, cpuMs } = message
      driven = { planMs, startMs, driveMs, maxRssMb, cpuMs, perSecond, during }
    }
  })
  const { password, ...catalog } = address
  const order: ToDriver = { catalog, password: password?.reveal() ?? '', tenants, concurrency }
  child.send(order)
  await once(child, 'exit')
  await looking
  if (driven === undefined) throw new Error('The driving process ended before it was done.')
  return driven
}
