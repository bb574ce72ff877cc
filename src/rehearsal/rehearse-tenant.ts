import type { RehearsalCandidate } from '../catalog/rehearsal-candidates.ts'
import { formatRehearsalId, insertBranch, isRecordedBranch } from '../catalog/rehearsals.ts'
import { failpoint } from '../lib/failpoint.ts'
import { type ApplyOutcome, applyMigrations } from '../migrations/apply-migrations.ts'
import type { Migration } from '../migrations/migration.ts'
import { transactionGroups } from '../migrations/transaction-groups.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { FleetError } from '../model/errors.ts'
import type { RehearsedStep, RehearsedTenant, SampledTenant } from '../model/rehearsal.ts'
import type { TransactionMode } from '../model/rollout.ts'
import { type Client, withClient } from '../postgres/connect.ts'
import { sqlstateOf } from '../postgres/sqlstate.ts'
import type { Branch } from '../providers/copying-provider.ts'
import { markOf } from '../restore/create-restore-point.ts'
import { storedMessage } from '../rollout/stored-message.ts'
import { dropBranch } from './drop-branches.ts'
import { heldLocks } from './held-locks.ts'
import { branchMark, type RehearsalContext } from './rehearsal-context.ts'
import { watchLocks } from './watch-locks.ts'

export interface RehearseTenantInput {
  readonly rehearsalId: number
  readonly candidate: RehearsalCandidate
  readonly sampled: SampledTenant
  /** Names of what the plan gives it, in order. */
  readonly pending: readonly string[]
  readonly transactionMode: TransactionMode
  /** Aborting it ends what the branch is doing. */
  readonly signal: AbortSignal
  /** Told when the branch is there. */
  readonly onCopied: (branch: Branch) => void
  readonly onStep: (step: RehearsedStep) => void
}

type Problem = NonNullable<RehearsedTenant['problem']>

/**
 * Copies a tenant, brings the copy to the plan's target as a rollout would the tenant, measures, and drops it, whatever
 * happened. What stands in the way is an outcome.
 * @throws FleetError REHEARSAL_INTERRUPTED when the rehearsal was given up meanwhile, and what dropping the branch throws
 */
export async function rehearseTenant(input: RehearseTenantInput, context: RehearsalContext): Promise<RehearsedTenant> {
  const { rehearsalId, candidate, sampled, onCopied } = input
  const { db, provider } = context
  const { tenantId, placement, point } = candidate
  const branch = await insertBranch(db, {
    rehearsalId,
    tenantId,
    place: (key) => provider.plannedBranch(placement, branchMark(key, context)),
  })
  if (branch === undefined) throw givenUp(rehearsalId)
  failpoint('rehearsal.recorded')
  const untouched = { ...sampled, copyMs: null, closedMs: 0, connectMs: 0, caughtUp: [], steps: [], notes: [] }
  try {
    const from = point && { point, mark: markOf(point, context) }
    const made = await provider.branch({ placement, from, mark: branchMark(branch.key, context) })
    failpoint('rehearsal.branched')
    // Who gives a rehearsal up drops what is recorded. What was not made by then is for us to drop.
    if (!(await isRecordedBranch(db, branch.key))) throw givenUp(rehearsalId)
    onCopied(made)
    const outcome = await migrateBranch(made, input, context)
    failpoint('rehearsal.migrated')
    return { ...untouched, ...outcome, copyMs: made.copyMs, closedMs: made.closedMs, notes: made.settingsLost }
  } catch (error) {
    const sqlstate = sqlstateOf(error) ?? null
    const isExpected = error instanceof FleetError ? error.code !== 'REHEARSAL_INTERRUPTED' : sqlstate !== null
    if (!isExpected || !(error instanceof Error)) throw error
    const message = storedMessage(sqlstate, error.message)
    return { ...untouched, outcome: 'unknown', problem: { migration: null, sqlstate, message } }
  } finally {
    await dropBranch(branch, context)
    failpoint('rehearsal.dropped')
  }
}

/** Makes the error for a rehearsal that another process has taken for dead. */
export function givenUp(rehearsalId: number): FleetError {
  return new FleetError(
    'REHEARSAL_INTERRUPTED',
    `Rehearsal ${formatRehearsalId(rehearsalId)} was given up by another process, which had not heard of it for too long.`,
  )
}

async function migrateBranch(
  { placement }: Branch,
  input: RehearseTenantInput,
  context: RehearsalContext,
): Promise<Pick<RehearsedTenant, 'outcome' | 'problem' | 'connectMs' | 'caughtUp' | 'steps'>> {
  const { candidate, pending, transactionMode } = input
  const { migrations, provider } = context
  const connection = await provider.connect(placement)
  const named = (names: readonly string[]) => migrations.filter(({ name }) => names.includes(name))
  const start = candidate.point?.history ?? candidate.history
  // Older than the tenant: what the tenant has had since comes first, and is no part of the rehearsal.
  const caughtUp = candidate.history.filter((name) => !start.includes(name))
  const steps: RehearsedStep[] = []
  let connectMs = 0
  const result = (outcome: RehearsedTenant['outcome'], problem: Problem | null) => ({
    outcome,
    problem,
    connectMs,
    caughtUp,
    steps,
  })
  return withClient(
    connection,
    { applicationName: `fleet/${formatRehearsalId(input.rehearsalId)}/measure` },
    async (measuring) => {
      if (caughtUp.length > 0) {
        const { outcome } = await apply({ connection, measuring, start, group: named(caughtUp) }, input, context)
        if (outcome.kind !== 'applied') {
          const { migration, sqlstate, message } = problemOf(outcome)
          const what = `Its restore point could not be brought to the tenant's version: ${message}`
          return result('unknown', { migration, sqlstate, message: what })
        }
      }
      let history = candidate.history
      for (const group of transactionGroups(named(pending), transactionMode)) {
        input.signal.throwIfAborted()
        const { outcome, step, connectedMs } = await apply(
          { connection, measuring, start: history, group },
          input,
          context,
        )
        if (steps.length === 0) connectMs = connectedMs
        steps.push(step)
        input.onStep(step)
        if (outcome.kind === 'applied') history = outcome.history
        else return result(VERDICTS[outcome.kind], problemOf(outcome))
      }
      return result('passed', null)
    },
  )
}

/** What may pass by itself says nothing about the migrations. A missing right is missing in the rollout, too. */
const VERDICTS: Readonly<Record<Exclude<ApplyOutcome['kind'], 'applied'>, 'failed' | 'unknown'>> = {
  failure: 'failed',
  rights: 'failed',
  busy: 'unknown',
  error: 'unknown',
  'server-away': 'unknown',
  'service-away': 'unknown',
  server: 'unknown',
}

interface Application {
  readonly connection: ConnectionDescriptor
  /** A session of its own in the branch. */
  readonly measuring: Client
  readonly start: readonly string[]
  readonly group: readonly Migration[]
}

/** Applies migrations as a rollout does once they are proven: as recorded where that can be, the others live. */
async function apply(
  { connection, measuring, start, group }: Application,
  { rehearsalId, candidate, transactionMode, signal }: RehearseTenantInput,
  { clock, recorded, tables, plugins, timeouts, onBackend }: RehearsalContext,
): Promise<{ readonly outcome: ApplyOutcome; readonly step: RehearsedStep; readonly connectedMs: number }> {
  const before = await sizeOf(measuring)
  const calledAt = clock.now().getTime()
  let connectedAt = calledAt
  let watch: ReturnType<typeof watchLocks> | undefined
  let forget: (() => void) | undefined
  const outcome = await applyMigrations({
    connection,
    applicationName: `fleet/${formatRehearsalId(rehearsalId)}/${candidate.tenantId.slice(0, 40)}/1`,
    expected: start,
    pending: group,
    recorded,
    plugins,
    transactionMode,
    tables,
    ownerRole: candidate.placement.ownerRole,
    timeouts,
    onConnected: ({ pid }) => {
      forget?.()
      const end = () => endBackend(connection, pid)
      signal.addEventListener('abort', end, { once: true })
      if (signal.aborted) end()
      const forgetBackend = onBackend(connection, pid)
      forget = () => {
        signal.removeEventListener('abort', end)
        forgetBackend()
      }
      if (watch !== undefined) return
      connectedAt = clock.now().getTime()
      watch = watchLocks(measuring, { pid, clock })
    },
  })
  const ms = clock.now().getTime() - connectedAt
  forget?.()
  signal.throwIfAborted()
  const locks = heldLocks((await watch?.stop()) ?? [])
  const step = { migrations: group.map(({ name }) => name), ms, locks, grownBytes: (await sizeOf(measuring)) - before }
  return { outcome, step, connectedMs: connectedAt - calledAt }
}

/** Best effort: dropping the branch ends whatever is still in it. */
function endBackend(connection: ConnectionDescriptor, pid: number): void {
  withClient(connection, { applicationName: 'fleet/terminate', timeout: 2_000 }, (client) =>
    client.query('select pg_terminate_backend($1)', [pid]),
  ).catch(() => {})
}

async function sizeOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ bytes: number }>('select pg_database_size(current_database())::float8 as bytes')
  return rows[0]?.bytes ?? 0
}

function problemOf({ migration, sqlstate, message }: Exclude<ApplyOutcome, { kind: 'applied' }>): Problem {
  return { migration, sqlstate, message: storedMessage(sqlstate, message) }
}
