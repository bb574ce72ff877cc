import { createHash } from 'node:crypto'
import { findAssessment, keepAssessment } from '../catalog/assessments.ts'
import { sampleTenants } from '../catalog/tenants.ts'
import type { FleetConfig } from '../config/config.ts'
import { programVersion } from '../lib/program-version.ts'
import { storableJson } from '../lib/storable.ts'
import type { Migration } from '../migrations/migration.ts'
import { assessMigration, type RecordedMigration } from '../migrations/risk/assess-migration.ts'
import { largestOf, readTableSizes, type SizedTable } from '../migrations/risk/read-table-sizes.ts'
import { type TableSizes, UNKNOWN_SIZES } from '../migrations/risk/table-size.ts'
import type { MigrationAssessment } from '../model/assessment.ts'
import { FleetError } from '../model/errors.ts'
import { withClient } from '../postgres/connect.ts'
import { majorOf } from '../postgres/server-version.ts'
import { withScratchDatabase } from '../provisioning/scratch-database.ts'
import { withEmbeddedScratch } from './embedded-scratch.ts'
import { createContext, type Parts } from './parts.ts'
import { NOT_TRACED, type TracedMigration, traceOn, untraced } from './trace-on-scratch.ts'

/**
 * Finds out what pending migrations do: what they send, what that locks, rewrites and loses, and what it comes to.
 * @param pending in order
 * @param base the migrations that the tenants which are furthest behind have
 * @throws FleetError MIGRATION_INVALID when one cannot be compiled
 */
export async function assessMigrations(
  pending: readonly Migration[],
  base: readonly Migration[],
  parts: Parts,
): Promise<ReadonlyMap<string, MigrationAssessment>> {
  if (pending.length === 0) return new Map()
  const { db } = parts.catalog
  const recordings = await parts.recordings.of(pending)
  const key = keyOf(pending, base, { recordings, config: parts.config })
  const known = await findAssessment<Record<string, MigrationAssessment>>(db, key)
  if (known !== undefined) return new Map(Object.entries(known))
  const traced = await trace(pending, base, recordings, parts)
  const sizes = await readSizes(parts)
  const assessments = assessTraced(pending, { recordings, traced, sizes })
  const isWhole = [...traced.values()].every(({ notTraced }) => notTraced === null)
  // What could not be traced today may be tomorrow.
  if (isWhole) await keepAssessment(db, key, Object.fromEntries(assessments))
  return assessments
}

/** Joins what migrations send with what a server was seen to do; as the catalog keeps it. */
export function assessTraced(
  pending: readonly Migration[],
  { recordings, traced, sizes }: AssessTracedInput,
): ReadonlyMap<string, MigrationAssessment> {
  return new Map(
    pending.flatMap((migration) => {
      const recorded = recordings.get(migration.name)
      if (recorded === undefined) return []
      const seen = traced.get(migration.name) ?? NOT_TRACED
      return [[migration.name, storableJson(assessMigration({ migration, recorded, ...seen, sizes }))] as const]
    }),
  )
}

export interface AssessTracedInput {
  readonly recordings: ReadonlyMap<string, RecordedMigration>
  readonly traced: ReadonlyMap<string, TracedMigration>
  readonly sizes: TableSizes
}

/** Names everything that the answer depends on, but for the sizes of tables: those only grow old. */
function keyOf(
  pending: readonly Migration[],
  base: readonly Migration[],
  { recordings, config }: { recordings: ReadonlyMap<string, RecordedMigration>; config: FleetConfig },
): string {
  const contentOf = ({ name, checksum, allow, transaction }: Migration) => {
    const recorded = recordings.get(name)
    const sent = recorded?.kind === 'static' ? [recorded.compiled.checksum, recorded.waivers] : recorded?.reasons
    return [name, checksum, allow, transaction, sent]
  }
  const template = [
    base.map(({ name, checksum }) => [name, checksum]),
    config.extensions,
    config.seed?.toString() ?? null,
  ]
  const content = [programVersion(), template, pending.map(contentOf)]
  return createHash('sha256').update(JSON.stringify(content)).digest('hex')
}

/** Traces on a scratch clone of the template; where none can be had, on the embedded server if it is installed. */
async function trace(
  pending: readonly Migration[],
  base: readonly Migration[],
  recordings: ReadonlyMap<string, RecordedMigration>,
  parts: Parts,
): Promise<ReadonlyMap<string, TracedMigration>> {
  const { config, provider } = parts
  const input = { pending, history: base.map(({ name }) => name), recordings, config }
  const onEmbedded = async (why: string) => {
    const options = { root: config.root, clock: parts.clock, config, migrations: base }
    return withEmbeddedScratch(options, (scratch) => traceOn(scratch, input)).catch((error: unknown) => {
      if (!(error instanceof FleetError)) throw error
      return untraced(pending, `Nothing could be traced: ${why}${error.message}`)
    })
  }
  const onClone = async () => {
    const [server = ''] = provider.servers
    return withScratchDatabase(server, base, createContext(parts), (scratch) => traceOn(scratch, input)).catch(
      async (error: unknown) => {
        if (!(error instanceof FleetError)) throw error
        if (error.code === 'RIGHT_MISSING') return onEmbedded(`${error.message} `)
        return untraced(pending, `Nothing could be traced: ${error.message}`)
      },
    )
  }
  return nameOtherVersions(await (provider.hasTemplates ? onClone() : onEmbedded('')), parts)
}

/** What a server does differs by major version: where tenants have another one, that is said. */
async function nameOtherVersions(
  traced: ReadonlyMap<string, TracedMigration>,
  { provider }: Parts,
): Promise<ReadonlyMap<string, TracedMigration>> {
  // One that is down says nothing of its version.
  const servers = await provider.capabilities().then(
    (it) => it.servers,
    () => [],
  )
  const majors = [...new Set(servers.map(({ version }) => majorOf(version)))]
  return new Map(
    [...traced].map(([name, it]) => {
      const others = majors.filter((major) => !it.tracedOn?.startsWith(`PostgreSQL ${major}.`))
      if (it.tracedOn === null || others.length === 0) return [name, it]
      return [name, { ...it, tracedOn: `${it.tracedOn}, while there are tenants on ${others.join(' and ')}` }]
    }),
  )
}

/** How many tenants are asked how large their tables are. */
const SAMPLE = 5

/** One that cannot be reached says nothing of its size. */
async function readSizes({ catalog, connect }: Parts): Promise<TableSizes> {
  const tenants = await sampleTenants(catalog.db, SAMPLE)
  const tables = await Promise.all(
    tenants
      .map(async ({ id, placement }): Promise<readonly SizedTable[]> => {
        if (placement === null) return []
        const connection = await connect(id, placement)
        return withClient(connection, { applicationName: 'fleet/sizes', timeout: 3_000 }, (client) =>
          readTableSizes(client, id),
        )
      })
      .map((read) => read.catch(() => [])),
  )
  return { ...UNKNOWN_SIZES, of: (table) => largestOf(tables.flat(), table) }
}
