import { Kysely, type KyselyPlugin, PostgresDialect } from 'kysely'
import { applyMigrations } from '../migrations/apply-migrations.ts'
import type { CompiledMigration } from '../migrations/compile/compiled-migration.ts'
import type { HistoryTables, Migration, MigrationTimeouts } from '../migrations/migration.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { FleetError } from '../model/errors.ts'
import { openPool } from '../postgres/connect.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'

export interface FillOptions {
  /** What is filled, as messages name it. */
  readonly what: string
  readonly ownerRole: string | null
  readonly tables: HistoryTables
  readonly plugins: readonly KyselyPlugin[]
  readonly timeouts: MigrationTimeouts
  readonly seed: ((db: Kysely<unknown>) => Promise<void>) | undefined
  /** What may be sent as recorded, by name; the rest runs live. */
  readonly recorded?: ReadonlyMap<string, CompiledMigration>
}

/**
 * Applies migrations to an empty database, and runs the seed function after them.
 * @returns the history that the database has then
 * @throws FleetError MIGRATION_FAILED
 */
export async function fillDatabase(
  connection: ConnectionDescriptor,
  migrations: readonly Migration[],
  { what, seed, ...options }: FillOptions,
): Promise<readonly string[]> {
  const outcome = await applyMigrations({
    ...options,
    connection,
    applicationName: 'fleet/fill',
    expected: [],
    pending: migrations,
  })
  if (outcome.kind !== 'applied') {
    const where = outcome.migration ?? what
    throw new FleetError(
      'MIGRATION_FAILED',
      `${where} failed on ${what}: ${outcome.message}${outcome.sqlstate ? ` (${outcome.sqlstate})` : ''}.`,
    )
  }
  if (seed) await runSeed(connection, seed, { what, ownerRole: options.ownerRole })
  return outcome.history
}

async function runSeed(
  connection: ConnectionDescriptor,
  seed: (db: Kysely<unknown>) => Promise<void>,
  { what, ownerRole }: Pick<FillOptions, 'what' | 'ownerRole'>,
): Promise<void> {
  const pool = openPool(connection, { applicationName: 'fleet/seed', max: 1 })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    if (ownerRole !== null) await pool.query(`set role ${quoteIdentifier(ownerRole)}`)
    await seed(db)
  } catch (error) {
    throw seedFailed(what, error)
  } finally {
    await db.destroy()
  }
}

function seedFailed(what: string, cause: unknown): FleetError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new FleetError('MIGRATION_FAILED', `The seed function failed on ${what}: ${message}.`, { cause })
}
