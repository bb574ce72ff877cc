import { FleetError } from '../../model/errors.ts'
import type { Client } from '../../postgres/connect.ts'
import { sqlstateOf } from '../../postgres/sqlstate.ts'
import type { CompiledMigration, CompiledStatement } from '../compile/compiled-migration.ts'
import { cleanSession, script } from '../frame.ts'
import { compareSnapshots, tableFacts } from './compare-snapshots.ts'
import type { MigrationTrace, TraceResult } from './trace-facts.ts'
import { reasonNotToTrace, traceFailure } from './trace-failure.ts'
import { readSnapshot } from './trace-snapshot.ts'

export interface TraceOptions {
  /** The role that owns the tenants' objects; null: the connection's own. */
  readonly ownerRole: string | null
  /** For each statement, in milliseconds; on a database without rows a minute is the most. */
  readonly statementTimeout: number
}

const LONGEST = 60_000

/**
 * Runs migrations in order on a scratch database that has the tenants' schema and no rows, and tells what each statement
 * locked, rewrote, read and dropped. Each migration is committed there, so that the next one sees it; one that writes what
 * all databases of the server share (roles, settings of databases) is not. What comes after a failure is not traced.
 * @throws FleetError MIGRATION_REFUSED where a statement ends its own connection; the driver's error when the connection is
 * lost otherwise, or the server is at fault
 */
export async function traceMigrations(
  client: Client,
  migrations: readonly CompiledMigration[],
  options: TraceOptions,
): Promise<readonly MigrationTrace[]> {
  const traces: MigrationTrace[] = []
  let stopped = await reasonNotToBegin(client)
  for (const { migration, statements } of migrations) {
    const results: TraceResult[] = []
    for (const part of transactionsOf(statements)) {
      if (stopped !== undefined) break
      const traced = await (part[0]?.transactional ? traceTransaction : traceAlone)(client, part, options)
      results.push(...traced.results)
      const number = results.length
      stopped = traced.stopped && `statement ${number} of \`${migration}\` ${traced.stopped}`
    }
    const reason = stopped ?? ''
    const rest = statements.slice(results.length).map((): TraceResult => ({ kind: 'not-traced', reason }))
    traces.push({ migration, statements: [...results, ...rest] })
  }
  return traces
}

/** What could be traced of statements that belong together; `stopped` says why nothing can be traced after it. */
interface Traced {
  readonly results: readonly TraceResult[]
  readonly stopped?: string
}

/** A migration with a statement that must run alone has each of the others in a transaction of its own. */
function transactionsOf(statements: readonly CompiledStatement[]): readonly (readonly CompiledStatement[])[] {
  return statements.every(({ transactional }) => transactional) ? [statements] : statements.map((it) => [it])
}

/** Without its counters the server shows no scan, and everything would look safe. */
async function reasonNotToBegin(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ counts: string }>(`select current_setting('track_counts') as counts`)
  return rows[0]?.counts === 'on' ? undefined : 'track_counts is off on the scratch server'
}

async function traceTransaction(
  client: Client,
  statements: readonly CompiledStatement[],
  { ownerRole, statementTimeout }: TraceOptions,
): Promise<Traced> {
  const results: TraceResult[] = []
  await client.query(
    script([
      'begin isolation level read committed, read write',
      ...cleanSession(ownerRole),
      'set local idle_in_transaction_session_timeout = 0',
    ]),
  )
  try {
    const base = await readSnapshot(client)
    let before = base
    for (const statement of statements) {
      // Each time, for the statements before may have set it for those behind them.
      await client.query(`set local statement_timeout = ${Math.min(statementTimeout, LONGEST)}`)
      const result = await run(client, statement)
      if (result !== undefined) return { results: [...results, result], stopped: stoppedBy(result) }
      const after = await readSnapshot(client, before)
      results.push({ kind: 'traced', facts: compareSnapshots({ base, before, after }) })
      before = after
    }
    if (before.writesShared)
      return { results, stopped: 'is in a transaction that changes roles or databases of the server' }
    const failure = await attempt(client, { sql: 'commit' })
    if (failure === undefined) return { results }
    return { results: [...results.slice(0, -1), atCommit(failure)], stopped: 'failed at commit' }
  } finally {
    // After COMMIT it is a warning.
    await client.query('rollback').catch(() => {})
  }
}

async function traceAlone(
  client: Client,
  [statement]: readonly CompiledStatement[],
  { ownerRole, statementTimeout }: TraceOptions,
): Promise<Traced> {
  if (statement === undefined) return { results: [] }
  await client.query(
    script([...cleanSession(ownerRole), `set statement_timeout = ${Math.min(statementTimeout, LONGEST)}`]),
  )
  const snapshot = await readSnapshot(client)
  const result = await run(client, statement)
  if (result !== undefined) return { results: [result], stopped: stoppedBy(result) }
  return { results: [{ kind: 'ran-alone', before: tableFacts({ base: snapshot, before: snapshot }) }] }
}

type Failure = ReturnType<typeof traceFailure>

/** Undefined: it went through. */
async function run(client: Client, statement: CompiledStatement): Promise<Failure | undefined> {
  const reason = reasonNotToTrace(statement)
  return reason === undefined ? await attempt(client, statement) : { kind: 'not-traced', reason }
}

async function attempt(client: Client, { sql }: Pick<CompiledStatement, 'sql'>): Promise<Failure | undefined> {
  try {
    await client.query(sql)
    return undefined
  } catch (error) {
    if (sqlstateOf(error) === BACKEND_TERMINATED) throw connectionEnded(error, sql)
    return traceFailure(error, sql)
  }
}

/** pg_terminate_backend() of itself, most often. */
const BACKEND_TERMINATED = '57P01'

function connectionEnded(cause: unknown, sql: string): FleetError {
  const start = sql.length > SHOWN ? `${sql.slice(0, SHOWN)}…` : sql
  const text = start.replaceAll(/\s+/g, ' ')
  return new FleetError('MIGRATION_REFUSED', `The server ended the connection while this was traced: ${text}.`, {
    cause,
  })
}

const SHOWN = 80

/** A deferred constraint is checked only then, and no longer says for which statement. */
function atCommit(failure: Failure): Failure {
  return failure.kind === 'failed' ? { ...failure, message: `at commit: ${failure.message}` } : failure
}

function stoppedBy({ kind }: Failure): string {
  return kind === 'failed' ? 'failed' : 'was not traced'
}
