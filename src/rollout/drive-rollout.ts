import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { recordEvent } from '../catalog/events.ts'
import {
  markWaveFinished,
  markWaveStarted,
  readFailures,
  readRolloutFacts,
  readWaveProgress,
} from '../catalog/rollout-progress.ts'
import { completeRollout, finishAbort, pauseRollout, resumeRollout } from '../catalog/rollout-verbs.ts'
import { findRollout, type RolloutRow } from '../catalog/rollouts.ts'
import { surviveOutage } from '../catalog/survive-outage.ts'
import {
  claimableRuns,
  claimRuns,
  finishRuns,
  pauseServer,
  type RunResult,
  releaseLostClaims,
} from '../catalog/tenant-runs.ts'
import type { Engine } from '../engine/engine.ts'
import { batch } from '../lib/batch.ts'
import type { Clock } from '../lib/clock.ts'
import type { CompiledMigration } from '../migrations/compile/compiled-migration.ts'
import type { Migration } from '../migrations/migration.ts'
import { FleetError } from '../model/errors.ts'
import type { RolloutEvent } from '../model/events.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import type { Placement, Tenant } from '../model/tenant.ts'
import type { BringForwardOptions } from './bring-forward.ts'
import { executeRollout, type RolloutStore } from './execute-rollout.ts'
import { holdLease } from './lease.ts'
import { type EventBody, migrateTenant } from './migrate-tenant.ts'
import { prove, recordedIn } from './prove-recording.ts'
import { isNewer } from './released-version.ts'
import { formatRolloutId } from './rollout-id.ts'
import { waysOfRollout } from './ways-of-rollout.ts'

/** What the parts of a fleet lend to whoever drives a rollout. */
export interface DriveContext
  extends Pick<BringForwardOptions, 'connect' | 'tables' | 'plugins' | 'onBackend' | 'apply'> {
  readonly db: CatalogDb
  readonly clock: Clock
  readonly migrations: readonly Migration[]
  readonly allowUnordered: boolean
  /** Records migrations and compiles them; those that turn out dynamic are left out. */
  readonly recordingsOf: (migrations: readonly Migration[]) => Promise<ReadonlyMap<string, CompiledMigration>>
  readonly createEngine: (options: { onError: (error: unknown) => void }) => Engine
  readonly publish: (event: RolloutEvent) => void
  /** Called before a tenant is worked on; returns what is called after it. Neither throws. */
  readonly attend: (placement: Placement) => Promise<() => Promise<void>>
  /**
   * Makes the restore point of a tenant that a rollout takes, unless it is there already; `proven`: a position alone will not do.
   * Returns its id.
   */
  readonly takeRestorePoint: (
    rolloutId: number,
    tenant: Pick<Tenant, 'id' | 'placement' | 'history'> & { readonly proven: boolean },
  ) => Promise<string>
  /**
   * Returns a tenant to a restore point, for an undo: answers with its history, the id of the state that was kept, and whether the
   * tenant has another address now.
   */
  readonly restore: (
    tenantId: string,
    options: {
      readonly to: string
      readonly rolloutId: number
      readonly acceptDataLoss: boolean
      /** Where the rows that only the state before has are written. */
      readonly salvage: string | undefined
    },
  ) => Promise<{ readonly history: readonly string[]; readonly kept: string; readonly endpointChanged: boolean }>
  /** Makes the salvage that a restore of this rollout did not live to make, if there is one. */
  readonly finishSalvage: (
    tenantId: string,
    options: { readonly rolloutId: number; readonly directory: string },
  ) => Promise<void>
  /** Corrects the catalog's copy of these tenants' histories, after what may still be sent to them has ended. */
  readonly readHistories: (tenantIds: readonly string[]) => Promise<void>
}

export interface DriveOptions {
  /** Wait for a driver that may be dead. */
  readonly wait: boolean
  readonly signal: AbortSignal
}

// What happens to single tenants is in their runs; a row more for each would only repeat it.
const KEPT: ReadonlySet<RolloutEvent['type']> = new Set([
  'rollout.started',
  'rollout.resumed',
  'wave.started',
  'wave.finished',
  'tenant.failed',
  'migration.proven',
  'migration.deviated',
  'server.paused',
  'rollout.paused',
  'rollout.finished',
])
/** Most claims or results in one statement. */
const BATCH = 500

/**
 * Takes the lease of a rollout and drives it until it rests.
 * @throws FleetError ROLLOUT_DRIVEN when a living driver holds it; PLAN_CHANGED when a file is not what was planned
 */
export async function driveRollout(
  row: RolloutRow,
  context: DriveContext,
  options: DriveOptions,
): Promise<'rested' | 'taken-over'> {
  const { db, clock } = context
  const { plan } = row
  // To give a rollout up, nothing is sent any more. Before anything is changed: a refusal leaves all as it was.
  if (row.state !== 'aborting') checkFiles(plan, context.migrations)
  const recorded = row.state === 'aborting' ? new Map() : await recordedIn(row, context)
  const broken = new AbortController()
  let kept: Promise<void> = Promise.resolve()
  const emit = (body: EventBody): void => {
    const event = { ...body, at: clock.now().toISOString(), rolloutId: formatRolloutId(row.id) } as RolloutEvent
    context.publish(event)
    // One after the other, so that the log has the order in which things happened.
    if (KEPT.has(event.type))
      kept = kept.then(() => surviveOutage(() => recordEvent(db, row.id, event))).catch((error) => broken.abort(error))
  }

  const lease = await holdLease({
    db,
    clock,
    rolloutId: row.id,
    wait: options.wait,
    signal: options.signal,
    onWaiting: (reason) => emit({ type: 'rollout.waiting', reason }),
  })
  const key = { rolloutId: row.id, epoch: lease.epoch, failureMode: plan.policy.failureMode }
  const engine = context.createEngine({ onError: (error) => broken.abort(error) })
  try {
    // Only now: with the lease, whatever drove it before has come to rest.
    await takeUp(row.id, lease.orphans, context)
    if (row.state !== 'aborting')
      emit({
        type: 'rollout.resumed',
        driver: `pid ${process.pid}`,
        takenOverFrom: lease.from === null ? null : `pid ${lease.from.pid} on ${lease.from.host}`,
      })
    const claim = batch((ids: readonly string[]) => surviveOutage(() => claimRuns(db, key, ids)), { most: BATCH })
    const finish = batch((results: readonly RunResult[]) => surviveOutage(() => finishRuns(db, key, results)), {
      most: BATCH,
    })
    engine.start((task) =>
      migrateTenant(task, {
        clock,
        policy: plan.policy,
        emit,
        claim,
        attend: ({ placement }) => context.attend(placement),
        finish,
        ...waysOfRollout(row, recorded, emit, context),
        prove: (tenantId, sent) => prove({ ...key, tenantId, sent, recorded, emit }, row, context),
        isRepeatable: (migration) => isRepeatable(plan, migration),
        pauseServer: async (server, { sqlstate, message }) => {
          const first = await surviveOutage(() => pauseServer(db, key, { server, sqlstate: sqlstate ?? '', message }))
          if (first) emit({ type: 'server.paused', server, sqlstate: sqlstate ?? '', message })
        },
        pauseRollout: async ({ message }) => {
          const pause = { reason: 'rights-missing', note: message, epoch: lease.epoch } as const
          const paused = await surviveOutage(() => pauseRollout(db, row.id, pause))
          if (paused) emit({ type: 'rollout.paused', reason: 'rights-missing', note: message })
        },
      }),
    )
    const end = await executeRollout({
      ...key,
      perServer: plan.policy.perServer,
      engine,
      clock,
      emit,
      store: storeFor(row, lease.epoch, context),
      interrupted: options.signal,
      lost: lease.lost,
      broken: broken.signal,
    })
    if (end === 'rested') emit(await surviveOutage(() => finished(db, row.id)))
    await kept
    broken.signal.throwIfAborted()
    return end
  } finally {
    // Should something have been thrown: nothing may be in flight when the lease is given back.
    await engine.stop()
    await lease.end()
  }
}

/** What depends on the tenant's data and has no transaction around it may do other things the second time. */
function isRepeatable(plan: RolloutPlan, migration: string): boolean {
  const planned = plan.migrations.find(({ name }) => name === migration)
  return planned === undefined || planned.transaction || planned.assessment.kind === 'static'
}

/** Resumes a paused rollout; one that is given up is brought to what its tenants really are at. */
async function takeUp(rolloutId: number, orphans: readonly string[], context: DriveContext): Promise<void> {
  const row = await findRollout(context.db, rolloutId)
  if (row?.state === 'paused') await resumeRollout(context.db, rolloutId)
  // What the dead driver had claimed is skipped now, and may have been migrated all the same.
  if (row?.state === 'aborting') await context.readHistories(orphans)
}

function storeFor({ id, plan }: RolloutRow, epoch: number, { db, migrations }: DriveContext): RolloutStore {
  const ask = surviveOutage
  return {
    facts: async () => {
      const facts = await ask(() => readRolloutFacts(db, id))
      if (facts === undefined) throw new FleetError('ROLLOUT_UNKNOWN', `There is no rollout ${formatRolloutId(id)}.`)
      return facts
    },
    claimable: (wave, { most, perServer }, held, proving) =>
      ask(() => claimableRuns(db, { rolloutId: id, wave: wave.position, limit: most, perServer, held, proving })),
    releaseLostClaims: () => ask(() => releaseLostClaims(db, { rolloutId: id, epoch })),
    markWaveStarted: (wave) => ask(() => markWaveStarted(db, id, wave.position)),
    markWaveFinished: (wave) => ask(() => markWaveFinished(db, id, wave.position)),
    pause: (reason, note) => ask(() => pauseRollout(db, id, { reason, note, epoch })),
    complete: () => {
      const releases = (released: string | null, target: string | null) =>
        plan.releases && isNewer(migrations, target, released)
      return ask(() => completeRollout(db, id, epoch, releases))
    },
    finishAbort: () => ask(() => finishAbort(db, id, epoch)),
  }
}

/** A plan is a promise about files: one that was edited or removed since must not be sent. */
function checkFiles(plan: RolloutPlan, migrations: readonly Migration[]): void {
  const changed = plan.migrations.filter(
    (planned) => migrations.find((it) => it.name === planned.name)?.checksum !== planned.checksum,
  )
  if (changed.length === 0) return
  const files = changed.map((it) => it.file).join(', ')
  throw new FleetError('PLAN_CHANGED', `Changed after the rollout was planned: ${files}.`, {
    remedy: 'Restore the file, or abort the rollout (fleet rollout abort) and plan again.',
  })
}

async function finished(db: CatalogDb, rolloutId: number): Promise<EventBody> {
  const row = await findRollout(db, rolloutId)
  const waves = await readWaveProgress(db, rolloutId)
  const total = (state: 'succeeded' | 'failed' | 'skipped' | 'pending' | 'running') =>
    waves.reduce((sum, wave) => sum + wave.counts[state], 0)
  return {
    type: 'rollout.finished',
    state: row?.state ?? 'aborted',
    outcome: row?.outcome ?? null,
    pauseReason: row?.pause_reason ?? null,
    succeeded: total('succeeded'),
    failed: total('failed'),
    skipped: total('skipped'),
    pending: total('pending') + total('running'),
    failures: await readFailures(db, rolloutId, 10),
  }
}
