import type { CompiledQuery } from 'kysely'
import type { ClaimedRun, RunResult } from '../catalog/tenant-runs.ts'
import type { Task } from '../engine/engine.ts'
import type { Clock } from '../lib/clock.ts'
import { failpoint } from '../lib/failpoint.ts'
import type { ApplyOptions, ApplyOutcome } from '../migrations/apply-migrations.ts'
import type { RolloutEvent, Unstamped } from '../model/events.ts'
import type { RolloutPolicy } from '../model/rollout.ts'
import { versionOf } from '../model/tenant.ts'
import type { Failure } from './put-back.ts'
import { type Cause, type Settlement, settleAttempt } from './settle-attempt.ts'

/** An event without what the driver adds: time and rollout. */
export type EventBody = Unstamped<RolloutEvent, 'at' | 'rolloutId'>

export interface MigrateTenantOptions {
  /** Claims a run; undefined when it may not start: paused, taken over, pinned or gone. */
  readonly claim: (tenantId: string) => Promise<ClaimedRun | undefined>
  /** Writes a result; false when the attempt does not own the run any more. */
  readonly finish: (result: RunResult) => Promise<boolean>
  /** Called before anybody connects to the tenant; returns what is called once all is done. Neither throws. */
  readonly attend: (run: ClaimedRun) => Promise<() => Promise<void>>
  /** Brings the tenant to where the rollout wants it; never throws. */
  readonly bring: (task: Task, run: ClaimedRun, hooks: BringHooks) => Promise<ApplyOutcome>
  /** Called when a run has failed, before that is recorded; returns what is to be recorded. */
  readonly onFailed: (run: ClaimedRun, failure: Failure) => Promise<Failure>
  /** Told what a tenant was sent by migrations that have to be proven, once they are committed. */
  readonly prove: (tenantId: string, sent: ReadonlyMap<string, readonly CompiledQuery[]>) => Promise<void>
  /** Whether a migration that stopped on an error may simply be tried again. */
  readonly isRepeatable: (migration: string) => boolean
  readonly policy: RolloutPolicy
  readonly clock: Clock
  readonly emit: (event: EventBody) => void
  /** Makes the tenants of a server wait: it is full, read-only or away. */
  readonly pauseServer: (server: string, cause: Cause) => Promise<void>
  /** Pauses the rollout: the role lacks a right. */
  readonly pauseRollout: (cause: Cause) => Promise<void>
}

/** What is told while a tenant is brought somewhere: the queries that a live migration sent, and the end of the connection. */
export type BringHooks = Required<Pick<ApplyOptions, 'onSent' | 'onClosing'>>

/** Brings one tenant to where its rollout wants it: claim, bring, record. Safe to repeat, and harmless when another driver has taken over. */
export async function migrateTenant(task: Task, options: MigrateTenantOptions): Promise<void> {
  const run = await options.claim(task.tenantId)
  if (run === undefined) return
  failpoint('run.claimed')
  const { emit, clock } = options
  const { tenantId, attempt, wave } = run
  const startedAt = clock.now()
  emit({ type: 'tenant.started', wave, tenantId, attempt })
  const leave = await options.attend(run)
  const sent = new Map<string, readonly CompiledQuery[]>()
  let closed: Promise<void> | undefined
  const outcome = await options.bring(task, run, {
    onSent: (name, queries) => sent.set(name, queries),
    onClosing: (it) => {
      closed = it
    },
  })
  failpoint('run.applied')
  const proving = [...sent].filter(([migration]) => task.live.includes(migration))
  if (proving.length > 0) await options.prove(tenantId, new Map(proving))
  const settled = settleAttempt(outcome, {
    tries: run.tries,
    attempts: options.policy.attempts,
    jitter: Math.random(),
    sharesServer: run.placement.own === undefined && run.placement.address === undefined,
    isRepeatable: options.isRepeatable,
  })
  const settlement = settled.kind === 'fail' ? await options.onFailed(run, settled) : settled
  // Before the run is pending again: nothing may take it up on a server that is not fit.
  if (settlement.kind === 'release' && settlement.stop === 'server')
    await options.pauseServer(task.server, settlement.cause)
  if (settlement.kind === 'release' && settlement.stop === 'rollout') await options.pauseRollout(settlement.cause)
  // A far-away server takes a round trip to close: meanwhile the result is written.
  const [taken] = await Promise.all([options.finish(toResult(run, settlement)), closed])
  failpoint('run.recorded')
  // Whoever else has the tenant in hand by now is not disturbed.
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
  await leave()
}

function toResult({ tenantId, attempt }: ClaimedRun, settlement: Settlement): RunResult {
  const key = { tenantId, attempt, history: settlement.history }
  if (settlement.kind === 'succeed') {
    return { ...key, state: 'succeeded', counts: false, retryInMs: 0, migration: null, sqlstate: null, message: null }
  }
  if (settlement.kind === 'fail') return { ...key, state: 'failed', counts: true, retryInMs: 0, ...settlement.cause }
  return { ...key, state: 'pending', counts: settlement.counts, retryInMs: settlement.retryInMs, ...settlement.cause }
}
