import type { CompiledQuery, KyselyPlugin } from 'kysely'
import type { ClaimedRun, RunResult } from '../catalog/tenant-runs.ts'
import type { Task } from '../engine/engine.ts'
import type { Clock } from '../lib/clock.ts'
import { failpoint } from '../lib/failpoint.ts'
import { applyError } from '../migrations/apply-error.ts'
import { type ApplyOptions, type ApplyOutcome, applyMigrations } from '../migrations/apply-migrations.ts'
import type { CompiledMigration } from '../migrations/compile/compiled-migration.ts'
import { describeApplyError } from '../migrations/describe-apply-error.ts'
import type { Migration } from '../migrations/migration.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { FleetError, type FleetErrorCode } from '../model/errors.ts'
import type { RolloutEvent } from '../model/events.ts'
import type { RolloutPolicy } from '../model/rollout.ts'
import { type Placement, versionOf } from '../model/tenant.ts'
import { type Cause, type Settlement, settleAttempt } from './settle-attempt.ts'

/** An event without what the driver adds: time and rollout. */
export type EventBody = RolloutEvent extends infer E
  ? E extends RolloutEvent
    ? Omit<E, 'at' | 'rolloutId'>
    : never
  : never

export interface MigrateTenantOptions {
  /** Claims a run; undefined when it may not start: paused, taken over, pinned or gone. */
  readonly claim: (tenantId: string) => Promise<ClaimedRun | undefined>
  /** Writes a result; false when the attempt does not own the run any more. */
  readonly finish: (result: RunResult) => Promise<boolean>
  readonly connect: (tenantId: string, placement: Placement) => Promise<ConnectionDescriptor>
  /** What a tenant with this history lacks, in order. */
  readonly pendingFor: (history: readonly string[]) => readonly Migration[]
  /** Takes a restore point of the tenant, if these migrations ask for one; nothing is sent before it is there. */
  readonly takeRestorePoint: (run: ClaimedRun, pending: readonly Migration[]) => Promise<void>
  /** What may be sent as recorded, by name. */
  readonly recorded: ReadonlyMap<string, CompiledMigration>
  /** Told what a tenant was sent by migrations that have to be proven, once they are committed. */
  readonly prove: (tenantId: string, sent: ReadonlyMap<string, readonly CompiledQuery[]>) => Promise<void>
  /** Whether a migration that stopped on an error may simply be tried again. */
  readonly isRepeatable: (migration: string) => boolean
  readonly apply?: (options: ApplyOptions) => Promise<ApplyOutcome>
  readonly tables: ApplyOptions['tables']
  readonly plugins: readonly KyselyPlugin[]
  readonly policy: RolloutPolicy
  readonly clock: Clock
  readonly emit: (event: EventBody) => void
  /** Makes the tenants of a server wait: it is full or read-only. */
  readonly pauseServer: (server: string, cause: Cause) => Promise<void>
  /** Pauses the rollout: the role lacks a right. */
  readonly pauseRollout: (cause: Cause) => Promise<void>
  /** Told of a backend of ours in a tenant, so that it can be ended at once; returns how to forget it. */
  readonly onBackend: (to: ConnectionDescriptor, pid: number) => () => void
}

/** Brings one tenant to the target: claim, apply, record. Safe to repeat, and harmless when another driver has taken over. */
export async function migrateTenant(task: Task, options: MigrateTenantOptions): Promise<void> {
  const run = await options.claim(task.tenantId)
  if (run === undefined) return
  failpoint('run.claimed')
  const { emit, clock } = options
  const { tenantId, attempt, wave } = run
  const startedAt = clock.now()
  emit({ type: 'tenant.started', wave, tenantId, attempt })
  const sent = new Map<string, readonly CompiledQuery[]>()
  let closed: Promise<void> | undefined
  const outcome = await attemptRun(task, run, {
    ...options,
    onSent: (name, queries) => sent.set(name, queries),
    onClosing: (it) => {
      closed = it
    },
  })
  failpoint('run.applied')
  const proving = [...sent].filter(([migration]) => task.live.includes(migration))
  if (proving.length > 0) await options.prove(tenantId, new Map(proving))
  const settlement = settleAttempt(outcome, {
    tries: run.tries,
    attempts: options.policy.attempts,
    jitter: Math.random(),
    isRepeatable: options.isRepeatable,
  })
  // Before the run is pending again: nothing may take it up on a server that is not fit.
  if (settlement.kind === 'release' && settlement.stop === 'server')
    await options.pauseServer(task.server, settlement.cause)
  if (settlement.kind === 'release' && settlement.stop === 'rollout') await options.pauseRollout(settlement.cause)
  // A far-away server takes a round trip to close: meanwhile the result is written.
  const [taken] = await Promise.all([options.finish(toResult(run, settlement)), closed])
  failpoint('run.recorded')
  if (!taken) return
  if (settlement.kind === 'succeed') {
    const ms = clock.now().getTime() - startedAt.getTime()
    emit({ type: 'tenant.succeeded', wave, tenantId, attempt, version: versionOf(settlement.history), ms })
  } else if (settlement.kind === 'fail') {
    emit({ type: 'tenant.failed', wave, tenantId, attempt, ...settlement.cause })
  } else {
    const { reason, retryInMs, cause } = settlement
    emit({
      type: 'tenant.released',
      wave,
      tenantId,
      attempt,
      reason,
      sqlstate: cause.sqlstate,
      message: cause.message,
      retryInMs,
    })
  }
}

async function attemptRun(
  task: Task,
  run: ClaimedRun,
  options: MigrateTenantOptions & Pick<ApplyOptions, 'onSent' | 'onClosing'>,
): Promise<ApplyOutcome> {
  const { tables, plugins, policy, recorded, onSent, onClosing } = options
  let forget: (() => void) | undefined
  try {
    const pending = options.pendingFor(run.history)
    if (pending.length === 0) return { kind: 'applied', history: run.history, applied: [] }
    await options.takeRestorePoint(run, pending)
    failpoint('run.restore-point-taken')
    const connection = await options.connect(run.tenantId, run.placement)
    return await (options.apply ?? applyMigrations)({
      connection,
      // PostgreSQL keeps 63 bytes, and the attempt at the end must be among them.
      applicationName: `fleet/r${task.rolloutId}/${run.tenantId.slice(0, 40)}/${run.attempt}`,
      expected: run.history,
      pending,
      recorded: new Map([...recorded].filter(([name]) => !task.live.includes(name))),
      onSent,
      onClosing,
      plugins,
      transactionMode: policy.transactionMode,
      tables,
      ownerRole: run.placement.ownerRole,
      timeouts: { lock: policy.lockTimeout, statement: policy.statementTimeout, concurrent: policy.concurrentTimeout },
      onConnected: ({ pid }) => {
        forget = options.onBackend(connection, pid)
        failpoint('run.connected')
      },
    })
  } catch (error) {
    return unexpected(error)
  } finally {
    forget?.()
  }
}

/** Refusals that are not the tenant's fault. */
const KINDS: Readonly<Partial<Record<FleetErrorCode, 'busy' | 'error' | 'rights'>>> = {
  SERVER_UNREACHABLE: 'error',
  DATABASE_IN_USE: 'busy',
  TENANT_BUSY: 'busy',
  RIGHT_MISSING: 'rights',
}

/** What stands in the way before the tenant is reached: a refusal is its failure, anything else is told by its SQLSTATE. */
function unexpected(error: unknown): ApplyOutcome {
  const outcome = describeApplyError(applyError('connect', error), undefined, null)
  return error instanceof FleetError ? { ...outcome, kind: KINDS[error.code] ?? 'failure', sqlstate: null } : outcome
}

function toResult({ tenantId, attempt }: ClaimedRun, settlement: Settlement): RunResult {
  const key = { tenantId, attempt, history: settlement.history }
  if (settlement.kind === 'succeed') {
    return { ...key, state: 'succeeded', counts: false, retryInMs: 0, migration: null, sqlstate: null, message: null }
  }
  if (settlement.kind === 'fail') return { ...key, state: 'failed', counts: true, retryInMs: 0, ...settlement.cause }
  return { ...key, state: 'pending', counts: settlement.counts, retryInMs: settlement.retryInMs, ...settlement.cause }
}
