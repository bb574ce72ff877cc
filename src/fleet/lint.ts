import type { FleetConfig } from '../config/config.ts'
import { systemClock } from '../lib/clock.ts'
import { compileSql } from '../migrations/compile/compile-sql.ts'
import type { CompiledStatement } from '../migrations/compile/compiled-migration.ts'
import { loadMigrations } from '../migrations/load-migrations.ts'
import type { Migration } from '../migrations/migration.ts'
import { assessMigration } from '../migrations/risk/assess-migration.ts'
import { UNKNOWN_SIZES } from '../migrations/risk/table-size.ts'
import { traceMigrations } from '../migrations/risk/trace-migrations.ts'
import { findWaivers } from '../migrations/risk/waivers.ts'
import type { MigrationAssessment } from '../model/assessment.ts'
import { FleetError } from '../model/errors.ts'
import { type Client, withClient } from '../postgres/connect.ts'
import { askServerVersion } from '../postgres/server-version.ts'
import type { ScratchDatabase } from '../provisioning/scratch-database.ts'
import { assessTraced } from './assess-migrations.ts'
import { withEmbeddedScratch } from './embedded-scratch.ts'
import { createRecordings } from './recordings.ts'
import { NOT_TRACED, stoppedIn, type TracedMigration, traceOn, untraced } from './trace-on-scratch.ts'

/** A migration, or a file of SQL, and what is known of it. */
export interface LintedMigration {
  readonly name: string
  /** As it was given, or relative to the project. */
  readonly file: string
  readonly assessment: MigrationAssessment
}

/** A text of SQL and where it is from. */
export interface SqlFile {
  readonly file: string
  readonly text: string
}

/** Where the embedded server keeps what it needs, and how migrations are applied. */
export type LintConfig = Pick<FleetConfig, 'root' | 'file' | 'migrations' | 'rollout' | 'extensions'>

/**
 * Looks into a file of plain SQL as if it were one migration, on the embedded server; by its rules alone where there is none.
 * @param schema run first, so that there are tables to look at
 * @throws FleetError MIGRATION_INVALID where the SQL cannot be parsed, or the schema fails
 */
export async function lintSql(sql: SqlFile, schema: SqlFile | undefined, config: LintConfig): Promise<LintedMigration> {
  const statements = compileSql(sql.text, sql)
  const compiled = { migration: sql.file, statements, checksum: '' }
  const recorded = { kind: 'static', compiled, waivers: findWaivers(sql.text, sql) } as const
  // What must run alone is well in a file of its own; beside others, in a transaction, it would fail.
  const transaction = statements.length === 0 || statements.some(({ transactional }) => transactional)
  const setUp = schema === undefined ? [] : compileSql(schema.text, schema)
  const traced = await onEmbedded(config, async ({ connection, ownerRole }) =>
    withClient(connection, { applicationName: 'fleet/lint' }, async (client): Promise<TracedMigration> => {
      await runSchema(client, setUp, schema?.file ?? '')
      const [trace] = await traceMigrations(client, [compiled], {
        ownerRole,
        statementTimeout: config.rollout.statementTimeout,
      })
      return { trace, tracedOn: await askServerVersion(client), notTraced: stoppedIn(sql.file, trace) ?? null }
    }),
  )
  const seen = typeof traced === 'string' ? { ...NOT_TRACED, notTraced: traced } : traced
  const assessment = assessMigration({ migration: { transaction, allow: {} }, recorded, ...seen, sizes: UNKNOWN_SIZES })
  return { name: sql.file, file: sql.file, assessment }
}

/**
 * Looks into all migrations of the folder, on the embedded server; by the rules alone where there is none.
 * @throws FleetError MIGRATION_INVALID
 */
export async function lintFolder(config: LintConfig): Promise<readonly LintedMigration[]> {
  const pending = await loadMigrations({ folder: config.migrations.folder, root: config.root })
  if (pending.length === 0) return []
  const recordings = await createRecordings(config).of(pending)
  const result = await onEmbedded(config, (scratch) => traceOn(scratch, { pending, history: [], recordings, config }))
  const traced = typeof result === 'string' ? untraced(pending, result) : result
  return linted(pending, assessTraced(pending, { recordings, traced, sizes: UNKNOWN_SIZES }))
}

/** Puts migrations and what is known of them together; one of which nothing is known is left out. */
export function linted(
  migrations: readonly Migration[],
  assessments: ReadonlyMap<string, MigrationAssessment>,
): readonly LintedMigration[] {
  return migrations.flatMap(({ name, file }) => {
    const assessment = assessments.get(name)
    return assessment === undefined ? [] : [{ name, file, assessment }]
  })
}

/** Returns what `use` returns, or why there is no server to trace on. */
async function onEmbedded<T extends object>(
  config: LintConfig,
  use: (scratch: ScratchDatabase) => Promise<T>,
): Promise<T | string> {
  try {
    return await withEmbeddedScratch({ root: config.root, clock: systemClock, config, migrations: [] }, use)
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== 'EMBEDDED_UNAVAILABLE') throw error
    return `Nothing could be traced: ${error.message}`
  }
}

/** For each statement of a schema, in milliseconds. */
const SCHEMA_TIMEOUT = 60_000

async function runSchema(client: Client, statements: readonly CompiledStatement[], file: string): Promise<void> {
  await client.query(`set statement_timeout = ${SCHEMA_TIMEOUT}`)
  for (const { sql, line } of statements) {
    await client.query(sql).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      throw new FleetError('MIGRATION_INVALID', `${file}:${line}: The schema fails: ${reason}.`, { cause: error })
    })
  }
}
