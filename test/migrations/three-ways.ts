import { Kysely, PostgresDialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { Pool } from 'pg'
import { applyMigrations } from '../../src/migrations/apply-migrations.ts'
import type { CompiledMigration } from '../../src/migrations/compile/compiled-migration.ts'
import type { Migration } from '../../src/migrations/migration.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { sqlstateOf } from '../../src/postgres/sqlstate.ts'
import { fingerprint } from './fingerprint.ts'
import { TABLES, TIMEOUTS } from './tenant-database.ts'

/** A migration and what is sent of it to a tenant by replay. */
export interface Recorded {
  readonly migration: Migration
  readonly compiled: CompiledMigration
}

/** How it went, and what the database is afterwards. */
export interface Result {
  /** Where it stopped, and why; null: everything was applied. */
  readonly failure: { readonly migration: string | null; readonly sqlstate: string | null } | null
  readonly fingerprint: readonly string[]
}

/** Applies migrations to a database, up to the first that fails. */
type Way = (connection: ConnectionDescriptor, migrations: readonly Recorded[]) => Promise<Result['failure']>

/** Applies the same migrations to three databases that are alike: live, by replay, and by Kysely's own Migrator. */
export async function applyThreeWays(
  databases: readonly [ConnectionDescriptor, ConnectionDescriptor, ConnectionDescriptor],
  migrations: readonly Recorded[],
): Promise<{ readonly live: Result; readonly replay: Result; readonly migrator: Result }> {
  const [first, second, third] = databases
  const [live, replay, migrator] = await Promise.all([
    resultOf(first, migrations, (connection) => applyOurs(connection, migrations, new Map())),
    resultOf(second, migrations, (connection) => applyOurs(connection, migrations, recordingsOf(migrations))),
    resultOf(third, migrations, applyByMigrator),
  ])
  return { live, replay, migrator }
}

async function resultOf(connection: ConnectionDescriptor, migrations: readonly Recorded[], way: Way): Promise<Result> {
  const failure = await way(connection, migrations)
  return { failure, fingerprint: await fingerprint(connection, TABLES) }
}

function recordingsOf(migrations: readonly Recorded[]): ReadonlyMap<string, CompiledMigration> {
  return new Map(migrations.map(({ compiled }) => [compiled.migration, compiled]))
}

async function applyOurs(
  connection: ConnectionDescriptor,
  migrations: readonly Recorded[],
  recorded: ReadonlyMap<string, CompiledMigration>,
): Promise<Result['failure']> {
  const outcome = await applyMigrations({
    connection,
    applicationName: 'fleet/rollout/tenant/1',
    expected: [],
    pending: migrations.map(({ migration }) => migration),
    tables: TABLES,
    ownerRole: null,
    timeouts: TIMEOUTS,
    recorded,
  })
  return outcome.kind === 'applied' ? null : { migration: outcome.migration, sqlstate: outcome.sqlstate }
}

/** One by one, each on a connection of its own: it does not undo what a migration sets in its session. */
const applyByMigrator: Way = async (connection, migrations) => {
  for (const [index, { migration }] of migrations.entries()) {
    const { host, port, database, user, password } = connection
    const pool = new Pool({ host, port, database, user, password: password?.reveal(), max: 1 })
    pool.on('error', () => {})
    const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
    const known = migrations.slice(0, index + 1).map(({ migration: { name, up } }) => [name, { up }] as const)
    const migrator = new Migrator({
      db,
      provider: { getMigrations: async () => Object.fromEntries(known) },
      disableTransactions: !migration.transaction,
    })
    const { error } = await migrator.migrateToLatest().finally(() => db.destroy())
    if (error !== undefined) return { migration: migration.name, sqlstate: sqlstateOf(error) ?? null }
  }
  return null
}
