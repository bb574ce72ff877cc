import { openCatalog } from '../../src/catalog/open-catalog.ts'
import type { FleetConfig } from '../../src/config/config.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { Fleet } from '../../src/fleet/fleet.ts'
import { openFleet } from '../../src/fleet/open-fleet.ts'
import { createRecordings } from '../../src/fleet/recordings.ts'
import { programVersion } from '../../src/lib/program-version.ts'
import { loadMigrations } from '../../src/migrations/load-migrations.ts'
import { OWNER_ROLE } from '../../src/providers/postgres/fleet-role-names.ts'
import { type BenchServer, SERVER } from '../bench-server.ts'
import { prepareTenants } from '../bench-tenants.ts'
import { seedCatalog } from '../seed-catalog.ts'
import { time } from '../statistics.ts'

export interface RecordingOptions {
  /** Of the fleet that is planned for: nothing is known in its catalog yet. */
  readonly fleet: string
  readonly folder: string
}

/** Times are in milliseconds. */
export interface RecordingTimes {
  readonly migrations: number
  /** Recording and compiling alone. */
  readonly recordMs: number
  /** The first plan: template, recording, compiling, tracing and judging included. */
  readonly firstPlanMs: number
  /** The same plan again, by the same process. */
  readonly samePlanMs: number
  /** The same plan again, by a process that has recorded nothing yet. */
  readonly laterPlanMs: number
}

/** Enough that tenants are asked for the sizes of their tables. */
const TENANTS = 20

/** Plans the migrations of a folder for tenants that have none of them. */
export async function measureRecording(
  server: BenchServer,
  { fleet: name, folder }: RecordingOptions,
): Promise<RecordingTimes> {
  const config = parseConfig({ name, provider: { kind: 'embedded' }, migrations: { folder } }, { root: server.root })
  const migrations = await loadMigrations({ folder, root: server.root })
  await (await prepareTenants(server, TENANTS)).reset()
  await seed(server, name)
  const recordings = createRecordings(config)
  const recordMs = await time(() => recordings.of(migrations)).finally(() => recordings.close())
  const [firstPlanMs = 0, samePlanMs = 0] = await timePlans(config, { migrations: migrations.length, times: 2 })
  const [laterPlanMs = 0] = await timePlans(config, { migrations: migrations.length, times: 1 })
  return { migrations: migrations.length, recordMs, firstPlanMs, samePlanMs, laterPlanMs }
}

/** Plans so many times with one fleet, which is opened before the clock starts. */
async function timePlans(
  config: FleetConfig,
  { migrations, times }: { readonly migrations: number; readonly times: number },
): Promise<readonly number[]> {
  const fleet = await openFleet(config)
  try {
    const all: number[] = []
    for (let done = 0; done < times; done += 1) all.push(await time(() => plan(fleet, migrations)))
    return all
  } finally {
    await fleet.close()
  }
}

/** A plan that is fast because it did not look into everything is found out. */
async function plan(fleet: Fleet, expected: number): Promise<void> {
  const { migrations } = await fleet.rollouts.plan()
  const whole = migrations.filter(({ assessment }) => assessment.kind === 'static' && assessment.notTraced === null)
  if (whole.length !== expected) throw new Error(`Only ${whole.length} of ${expected} were recorded and traced.`)
}

async function seed({ provider }: BenchServer, fleet: string): Promise<void> {
  const address = await provider.ensureCatalogDatabase(fleet)
  const catalog = await openCatalog(address, { fleet, programVersion: programVersion(), upgrade: false })
  await seedCatalog(catalog.db, { tenants: TENANTS, servers: [SERVER], histories: [[]], ownerRole: OWNER_ROLE })
  await catalog.close()
}
