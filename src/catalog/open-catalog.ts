import { Kysely, PostgresDialect, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { FleetError } from '../model/errors.ts'
import { connectionRefusal, openPool } from '../postgres/connect.ts'
import type { CatalogDb, CatalogSchema } from './catalog-schema.ts'
import { LEASE_SECONDS } from './leases.ts'
import { up as initial } from './migrations/0001-initial.ts'
import { up as recordedMigrations } from './migrations/0002-recorded-migrations.ts'
import { up as restorePoints } from './migrations/0003-restore-points.ts'
import { up as undo } from './migrations/0004-undo.ts'
import { up as databaseIds } from './migrations/0005-database-ids.ts'
import { up as positions } from './migrations/0006-positions.ts'

/** In order. A migration that an older program cannot live with also raises `fleet.meta.least_program`. */
export const CATALOG_MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_initial': { up: initial },
  '0002_recorded_migrations': { up: recordedMigrations },
  '0003_restore_points': { up: restorePoints },
  '0004_undo': { up: undo },
  '0005_database_ids': { up: databaseIds },
  '0006_positions': { up: positions },
}

export interface OpenCatalogOptions {
  readonly fleet: string
  /** Version of this program, as `1.2.3`. */
  readonly programVersion: string
  /** Bring an older catalog up to date; otherwise it is refused. A new one is always made. */
  readonly upgrade: boolean
  readonly maxConnections?: number
  /** For tests of upgrades; default CATALOG_MIGRATIONS. */
  readonly migrations?: Readonly<Record<string, Migration>>
}

export interface Catalog {
  readonly db: CatalogDb
  readonly id: string
  readonly address: ConnectionDescriptor
  /** The last of the catalog's own migrations. */
  readonly schemaVersion: string
  close(): Promise<void>
}

/**
 * Opens the catalog in a database; makes its schema where there is none.
 * @throws FleetError CATALOG_NEWER, CATALOG_OLDER, CATALOG_FOREIGN, or one of `connectionRefusal`
 */
export async function openCatalog(to: ConnectionDescriptor, options: OpenCatalogOptions): Promise<Catalog> {
  const applicationName = `fleet catalog ${options.fleet}`
  const pool = openPool(to, { applicationName, max: options.maxConnections ?? 6, prepare: true })
  const db: CatalogDb = new Kysely<CatalogSchema>({ dialect: new PostgresDialect({ pool }) })
  try {
    const schemaVersion = await bringUpToDate(db, options)
    const meta = (await readMeta(db)) ?? (await createMeta(db, options))
    if (meta.fleet !== options.fleet) {
      throw new FleetError(
        'CATALOG_FOREIGN',
        `The catalog in database "${to.database}" is that of fleet "${meta.fleet}", not "${options.fleet}".`,
      )
    }
    return { db, id: meta.catalog_id, address: to, schemaVersion, close: () => db.destroy() }
  } catch (error) {
    await db.destroy()
    throw connectionRefusal(error, to)
  }
}

async function bringUpToDate(db: CatalogDb, options: OpenCatalogOptions): Promise<string> {
  const migrations = options.migrations ?? CATALOG_MIGRATIONS
  const known = Object.keys(migrations).sort()
  const applied = await appliedMigrations(db)
  const unknown = applied.filter((name) => !known.includes(name))
  if (unknown.length > 0) return refuseNewer(db, options, applied)
  const missing = known.filter((name) => !applied.includes(name))
  if (missing.length > 0) {
    if (applied.length > 0 && !options.upgrade) {
      throw new FleetError('CATALOG_OLDER', `The catalog is at ${applied.at(-1)}; this program needs ${known.at(-1)}.`)
    }
    if (applied.length > 0) await refuseWhileDriven(db)
    await migrate(db, migrations)
  }
  return known.at(-1) ?? ''
}

/** An older program may go on with a newer catalog as long as the changes were additive. */
async function refuseNewer(db: CatalogDb, options: OpenCatalogOptions, applied: readonly string[]): Promise<string> {
  const { least_program } = await db.selectFrom('fleet.meta').select('least_program').executeTakeFirstOrThrow()
  if (compareVersions(options.programVersion, least_program) >= 0) return applied.at(-1) ?? ''
  throw new FleetError(
    'CATALOG_NEWER',
    `The catalog is at ${applied.at(-1)} and needs kysely-fleet ${least_program} or newer; this is ${options.programVersion}.`,
  )
}

/** A driver knows the schema that it was started with. */
async function refuseWhileDriven(db: CatalogDb): Promise<void> {
  const { rows } = await sql<{ id: number }>`
    select id from fleet.rollout
    where driver is not null and heartbeat_at > now() - make_interval(secs => ${LEASE_SECONDS})`.execute(db)
  if (rows[0])
    throw new FleetError(
      'ROLLOUT_DRIVEN',
      `Rollout r${rows[0].id} is being driven: the catalog is upgraded when it rests.`,
    )
}

async function migrate(db: CatalogDb, migrations: Readonly<Record<string, Migration>>): Promise<void> {
  // Kysely's Migrator takes a lock, so two processes that make the same catalog do it once.
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableSchema: 'fleet',
  })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}

function readMeta(db: CatalogDb) {
  return db.selectFrom('fleet.meta').select(['catalog_id', 'fleet']).executeTakeFirst()
}

/** Not part of the migration, which knows no names: whoever finds the row missing writes it, the first one counts. */
async function createMeta(db: CatalogDb, options: OpenCatalogOptions) {
  await db
    .insertInto('fleet.meta')
    .values({ fleet: options.fleet, least_program: options.programVersion })
    .onConflict((it) => it.doNothing())
    .execute()
  return db.selectFrom('fleet.meta').select(['catalog_id', 'fleet']).executeTakeFirstOrThrow()
}

async function appliedMigrations(db: CatalogDb): Promise<string[]> {
  const { rows: found } = await sql<{
    there: boolean
  }>`select to_regclass('fleet.kysely_migration') is not null as there`.execute(db)
  if (!found[0]?.there) return []
  const { rows } = await sql<{ name: string }>`select name from fleet.kysely_migration order by name`.execute(db)
  return rows.map((row) => row.name)
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((it) => it.split('.').map(Number))
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
