import type { FleetConfig } from '../config/config.ts'
import { type ApplyOutcome, applyMigrations } from '../migrations/apply-migrations.ts'
import type { Migration } from '../migrations/migration.ts'
import type { RecordedMigration } from '../migrations/risk/assess-migration.ts'
import type { MigrationTrace, TraceResult } from '../migrations/risk/trace-facts.ts'
import { traceMigrations } from '../migrations/risk/trace-migrations.ts'
import { withClient } from '../postgres/connect.ts'
import { askServerVersion } from '../postgres/server-version.ts'
import type { ScratchDatabase } from '../provisioning/scratch-database.ts'
import { timeoutsOf } from './parts.ts'

/** What a server was seen to do with a migration. */
export interface TracedMigration {
  /** Undefined: it was not traced. */
  readonly trace: MigrationTrace | undefined
  /** The server, such as `PostgreSQL 18.4`; null: none. */
  readonly tracedOn: string | null
  /** Why it was not traced, or not whole, in a sentence; null: it was, or there was no need. */
  readonly notTraced: string | null
}

export const NOT_TRACED: TracedMigration = { trace: undefined, tracedOn: null, notTraced: 'Nothing was traced.' }

export interface TraceInput {
  /** In order. */
  readonly pending: readonly Migration[]
  /** What is in the history of the scratch database. */
  readonly history: readonly string[]
  readonly recordings: ReadonlyMap<string, RecordedMigration>
  readonly config: Pick<FleetConfig, 'migrations' | 'rollout'>
}

/** Says of all that they were not traced, and why. */
export function untraced(pending: readonly Migration[], notTraced: string): ReadonlyMap<string, TracedMigration> {
  return new Map(pending.map(({ name }) => [name, { ...NOT_TRACED, notTraced }]))
}

/**
 * Traces migrations in order on a scratch database. One that is dynamic is run there, for those behind it; what comes
 * after one that fails is not traced.
 */
export async function traceOn(
  scratch: ScratchDatabase,
  { pending, history, recordings, config }: TraceInput,
): Promise<ReadonlyMap<string, TracedMigration>> {
  const traced = new Map<string, TracedMigration>()
  let present = history
  let stopped: string | undefined
  for (const migration of pending) {
    const { name } = migration
    const recorded = recordings.get(name)
    if (stopped !== undefined) traced.set(name, { ...NOT_TRACED, notTraced: stopped })
    else if (recorded?.kind === 'static') {
      const one = await traceOne(scratch, recorded.compiled, config.rollout.statementTimeout)
      stopped = stoppedIn(name, one.trace)
      traced.set(name, { ...one, notTraced: stopped ?? null })
    } else {
      const outcome = await runLive(scratch, migration, present, config)
      if (outcome.kind === 'applied') present = outcome.history
      else stopped = `${name}, which is dynamic, failed on a database without rows: ${outcome.message}`
      traced.set(name, { trace: undefined, tracedOn: null, notTraced: null })
    }
  }
  return traced
}

/** Says that a trace did not get to the end, if it did not. */
export function stoppedIn(name: string, trace: MigrationTrace | undefined): string | undefined {
  const wasSeen = ({ kind }: TraceResult) => kind === 'traced' || kind === 'ran-alone'
  return trace?.statements.every(wasSeen) === true ? undefined : `${name} could not be traced to its end.`
}

async function traceOne(
  { connection, ownerRole }: ScratchDatabase,
  compiled: Parameters<typeof traceMigrations>[1][number],
  statementTimeout: number,
): Promise<Omit<TracedMigration, 'notTraced'>> {
  return withClient(connection, { applicationName: 'fleet/trace' }, async (client) => {
    const [trace] = await traceMigrations(client, [compiled], { ownerRole, statementTimeout })
    return { trace, tracedOn: await askServerVersion(client) }
  })
}

/** Nobody can say what it does, but those behind it need what it makes. */
async function runLive(
  { connection, ownerRole }: ScratchDatabase,
  migration: Migration,
  expected: readonly string[],
  { migrations, rollout }: TraceInput['config'],
): Promise<ApplyOutcome> {
  return applyMigrations({
    connection,
    applicationName: 'fleet/trace',
    expected,
    pending: [migration],
    tables: migrations,
    plugins: migrations.plugins,
    ownerRole,
    timeouts: timeoutsOf(rollout),
  })
}
