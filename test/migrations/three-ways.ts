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

/** The ways in which migrations are applied. */
export const WAYS = ['live', 'replay', 'migrator'] as const

/** Applies the same migrations to databases that are alike: live, by replay, and by Kysely's own Migrator. */
export async function applyThreeWays(
  databases: readonly ConnectionDescriptor[],
  migrations: readonly Recorded[],
): Promise<readonly Result[]> {
  return Promise.all(
    WAYS.map((way, index) => {
      const connection = databases[index]
      if (connection === undefined) throw new Error(`There is no database for ${way}.`)
      return resultOf(connection, migrations, APPLY[way])
    }),
  )
}

async function resultOf(connection: ConnectionDescriptor, migrations: readonly Recorded[], way: Way): Promise<Result> {
  const failure = await way(connection, migrations)
  return { failure, fingerprint: await fingerprint(connection, TABLES) }
}

function recordingsOf(migrations: readonly Recorded[]): ReadonlyMap<string, CompiledMigration> {
  return new Map(migrations.map(({ compiled }) => [compiled.migration, compiled]))
}

const APPLY: Readonly<Record<(typeof WAYS)[number], Way>> = {
  live: (connection, migrations) => applyOurs(connection, migrations, new Map()),
  replay: (connection, migrations) => applyOurs(connection, migrations, recordingsOf(migrations)),
  migrator: (connection, migrations) => applyByMigrator(connection, migrations),
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

/** One by one, with a session that is as new for each: the Migrator does not undo what a migration sets in it. */
async function applyByMigrator(
  connection: ConnectionDescriptor,
  migrations: readonly Recorded[],
): Promise<Result['failure']> {
  const { host, port, database, user, password } = connection
  const pool = new Pool({ host, port, database, user, password: password?.reveal(), max: 1 })
  pool.on('error', () => {})
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    for (const [index, { migration }] of migrations.entries()) {
      const known = migrations.slice(0, index + 1).map(({ migration: { name, up } }) => [name, { up }] as const)
      const migrator = new Migrator({
        db,
        provider: { getMigrations: async () => Object.fromEntries(known) },
        disableTransactions: !migration.transaction,
      })
      const { error } = await migrator.migrateToLatest()
      if (error !== undefined) return { migration: migration.name, sqlstate: sqlstateOf(error) ?? null }
      await pool.query('discard all')
    }
    return null
  } finally {
    await db.destroy()
  }
}
