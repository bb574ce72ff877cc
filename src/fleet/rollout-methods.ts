import { resolve } from 'node:path'
import { listRuns } from '../catalog/rollout-progress.ts'
import { findRollout, listRollouts, type RolloutRow, savePlan } from '../catalog/rollouts.ts'
import { existingTenantIds, findTenant, listTenants, sampleTenantIds, sampleTenants } from '../catalog/tenants.ts'
import type { FleetConfig } from '../config/config.ts'
import { parseQuantity } from '../config/quantity.ts'
import { createInProcessEngine } from '../engine/in-process-engine.ts'
import { FleetError } from '../model/errors.ts'
import type { ProvisioningEvent } from '../model/events.ts'
import type { RolloutPlan, RolloutScope } from '../model/rollout.ts'
import { refreshTenants } from '../provisioning/refresh-tenants.ts'
import { unknownTenant } from '../provisioning/unknown-tenant.ts'
import { ensureRestorePoint } from '../restore/ensure-restore-point.ts'
import { finishSalvageOf } from '../restore/finish-salvage.ts'
import { restoreTenant } from '../restore/restore-tenant.ts'
import {
  abortByOperator,
  findDrivable,
  pauseByOperator,
  retryByOperator,
  setMaxFailuresByOperator,
} from '../rollout/control-rollout.ts'
import { type DriveContext, driveRollout } from '../rollout/drive-rollout.ts'
import type { UndoInput } from '../rollout/plan-digest.ts'
import { planRestorePoints } from '../rollout/plan-restore-points.ts'
import { completePlan, type DraftRollout, draftRollout, type PlannedRollout } from '../rollout/plan-rollout.ts'
import { planServiceCost } from '../rollout/plan-service-cost.ts'
import { type JudgeDowns, planUndo } from '../rollout/plan-undo.ts'
import { requireDigest } from '../rollout/require-digest.ts'
import { findByTypedId } from '../rollout/rollout-id.ts'
import { readRolloutStatus, summaryOf } from '../rollout/rollout-status.ts'
import { startRollout } from '../rollout/start-rollout.ts'
import type { Started } from '../rollout/started.ts'
import { undoRollout } from '../rollout/undo-rollout.ts'
import type { Quantity } from '../rollout/waves.ts'
import { assessWhenNeeded } from './assess-when-needed.ts'
import type { DriveResult, Fleet, PlanOptions, UndoOptions } from './fleet.ts'
import { judgeDowns } from './judge-downs.ts'
import { knownTenant } from './known-tenant.ts'
import type { Parts } from './parts.ts'
import { sqlChecksums } from './recordings.ts'
import { REHEARSAL_MOST, rehearse } from './rehearse.ts'
import { restoreContext } from './restore-methods.ts'

/** A backend whose process has died notices within 2 s (client_connection_check_interval); until then it may commit. */
const LAST_COMMIT_MS = 2_500

export function rolloutMethods(parts: Parts): Fleet['rollouts'] {
  const { catalog, config, provider, clock, events, connect, files, recordings, backends } = parts
  const { db } = catalog
  const refreshing = {
    db,
    connect,
    clock,
    tables: config.migrations,
    publish: (event: ProvisioningEvent) => events.emit('event', event),
  }

  async function driveContext(): Promise<DriveContext> {
    return {
      db,
      clock,
      connect,
      migrations: await files.load(),
      allowUnordered: config.migrations.allowUnordered,
      tables: config.migrations,
      plugins: config.migrations.plugins,
      recordingsOf: recordings.compiled,
      onBackend: backends.add,
      attend: async (placement) => (await provider.attend?.(placement)) ?? (async () => {}),
      takeRestorePoint: async (rolloutId, tenant) =>
        (await ensureRestorePoint(rolloutId, tenant, restoreContext(parts))).id,
      restore: async (tenantId, options) => {
        const tenant = await knownTenant(db, tenantId)
        const { point, kept, endpointChanged } = await restoreTenant(tenant, options, restoreContext(parts))
        return { history: point.history, kept: kept.id, endpointChanged }
      },
      finishSalvage: async (tenantId, options) =>
        finishSalvageOf(await knownTenant(db, tenantId), options, restoreContext(parts)),
      createEngine: ({ onError }) => createInProcessEngine({ clock, onError }),
      publish: (event) => events.emit('event', event),
      readHistories: async (ids) => {
        if (ids.length === 0) return
        await clock.sleep(LAST_COMMIT_MS)
        const tenants = await Promise.all(ids.map((id) => findTenant(db, id)))
        await refreshTenants(
          tenants.filter((it) => it !== undefined),
          refreshing,
        )
      },
    }
  }

  async function draft(
    { to, again = false, scope, concurrency, maxFailures, replay = true, takeRestorePoints, verify }: PlanOptions,
    context: DriveContext,
  ): Promise<DraftRollout> {
    const { rollout } = config
    const full: RolloutScope = { tenants: [], skipTenants: [], tags: {}, waves: [], ...scope }
    await refuseUnknown([...full.tenants, ...full.skipTenants])
    if (verify !== undefined) {
      const tenants = verify === 'all' ? listTenants(db) : await sampleTenants(db, verify)
      await refreshTenants(tenants, refreshing)
    }
    const most = Math.max(concurrency ?? rollout.concurrency, ...rollout.waves.map((it) => it.concurrency ?? 0))
    return draftRollout({
      db,
      migrations: context.migrations,
      sqlChecksumsOf: sqlChecksums(recordings, files.load),
      allowUnordered: config.migrations.allowUnordered,
      to,
      again,
      scope: full,
      waves: rollout.waves,
      orderBy: rollout.orderBy,
      maxFailures: quantity(maxFailures),
      policy: {
        concurrency: concurrency ?? rollout.concurrency,
        perServer: provider.sharesServers ? rollout.perServer : most,
        failureMode: rollout.failureMode,
        attempts: rollout.attempts,
        transactionMode: rollout.transactionMode,
        replay,
        proof: rollout.proof,
        restorePoints: takeRestorePoints ?? config.restorePoints.take,
        lockTimeout: rollout.lockTimeout,
        statementTimeout: rollout.statementTimeout,
        concurrentTimeout: rollout.concurrentTimeout,
      },
    })
  }

  async function assess(drafted: DraftRollout, rehearsals = 0): Promise<PlannedRollout> {
    const { migrations, versions } = drafted.draft
    const all = await files.load()
    const names = migrations.map(({ name }) => name)
    // The chain from the tenants that are furthest behind runs through all the others' versions.
    const { history = [] } = [...versions].sort((a, b) => b.pending.length - a.pending.length)[0] ?? {}
    const assessments = await assessWhenNeeded(
      all.filter(({ name }) => names.includes(name)),
      all.filter(({ name }) => history.includes(name)),
      parts,
    )
    const planned = await planRestorePoints(completePlan(drafted, assessments), {
      db,
      provider,
      maxBytesOf: (server) => maxBytesOf(config, server),
    })
    return { ...planned, plan: await withServiceCost(planned.plan, rehearsals) }
  }

  function withServiceCost(plan: RolloutPlan, rehearsals = 0): Promise<RolloutPlan> {
    const owner = { fleet: config.name, catalogId: catalog.id }
    return planServiceCost(plan, { provider, owner, keep: config.restorePoints.keep, rehearsals })
  }

  async function refuseUnknown(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    const there = new Set(await existingTenantIds(db, ids))
    const missing = ids.find((id) => !there.has(id))
    if (missing !== undefined) throw unknownTenant(missing, await sampleTenantIds(db, 1000))
  }

  const judge: JudgeDowns = (routes, planned) => judgeDowns(routes, planned, parts)

  async function goOn(started: Started, context: DriveContext, signal: AbortSignal): Promise<DriveResult> {
    if (started.kind === 'nothing-to-do') return started
    if (started.kind === 'leave') return { kind: 'rested', status: await status(started.row.id) }
    return drive(started.row, context, signal)
  }

  async function drive(row: RolloutRow, context: DriveContext, signal: AbortSignal): Promise<DriveResult> {
    const end = await driveRollout(row, context, { wait: true, signal })
    return { kind: end, status: await status(row.id) }
  }

  async function status(id: number) {
    const row = await findRollout(db, id)
    if (row === undefined) throw new FleetError('ROLLOUT_UNKNOWN', `There is no rollout r${id}.`)
    return readRolloutStatus(db, row, clock)
  }

  return {
    plan: async (options = {}): Promise<RolloutPlan> => {
      const planned = await assess(await draft(options, await driveContext()), options.rehearse)
      if (planned.plan.tenants > 0) await savePlan(db, planned)
      return planned.plan
    },
    rehearse: async (options) => {
      if (!(Number.isInteger(options.tenants) && options.tenants >= 1 && options.tenants <= REHEARSAL_MOST))
        throw new FleetError(
          'USAGE',
          `Between 1 and ${REHEARSAL_MOST} tenants can be rehearsed, not ${options.tenants}.`,
        )
      const planned = await assess(await draft(options, await driveContext()), options.tenants)
      const { plan } = planned
      requireDigest(plan, options.digest)
      if (plan.tenants === 0) return { plan, rehearsal: null }
      await savePlan(db, planned)
      return { plan, rehearsal: await rehearse(planned, options, parts) }
    },
    start: async (options = {}) => {
      const context = await driveContext()
      const signal = options.signal ?? new AbortController().signal
      const started = await startRollout(context, {
        draft: () => draft(options, context),
        assess: (drafted) => assess(drafted),
        digest: options.digest,
        force: options.force ?? false,
        supersede: options.supersede
          ? (active) => abortByOperator(context, String(active.id), { signal, wait: true })
          : undefined,
      })
      return goOn(started, context, signal)
    },
    resume: async (id, { signal = new AbortController().signal, maxFailures } = {}) => {
      const context = await driveContext()
      const allowed = quantity(maxFailures)
      if (allowed !== undefined) await setMaxFailuresByOperator(db, id, allowed)
      return drive(await findDrivable(db, id), context, signal)
    },
    planUndo: async (id, options = {}) =>
      withServiceCost(await planUndo(db, await findByTypedId(db, id), undoInput(options), judge)),
    undo: async (id, options = {}) => {
      const context = await driveContext()
      const signal = options.signal ?? new AbortController().signal
      const abort = (active: RolloutRow) => abortByOperator(context, String(active.id), { signal, wait: true })
      const started = await undoRollout(await findByTypedId(db, id), context, {
        ...undoInput(options),
        judgeDowns: judge,
        digest: options.digest,
        supersede: options.supersede ? abort : undefined,
        abort,
      })
      return goOn(started, context, signal)
    },
    retry: (id) => retryByOperator(db, id),
    pause: (id, { note } = {}) => pauseByOperator(db, id, note),
    abort: async (id) =>
      abortByOperator(await driveContext(), id, { signal: new AbortController().signal, wait: false }),
    status: async (id) => readRolloutStatus(db, await findByTypedId(db, id), clock),
    list: async ({ limit = 20 } = {}) => (await listRollouts(db, limit)).map(summaryOf),
    runs: async function* (id, { states } = {}) {
      yield* listRuns(db, (await findByTypedId(db, id)).id, states)
    },
  }
}

/** What restore points may take of a server's disk. */
function maxBytesOf({ restorePoints: { maxBytes } }: FleetConfig, server: string): number | undefined {
  return typeof maxBytes === 'object' ? maxBytes[server] : maxBytes
}

function undoInput({
  withLater = false,
  acceptDataLoss = false,
  salvage,
  concurrency,
  maxFailures,
  prefer,
}: UndoOptions): UndoInput {
  return {
    withLater,
    acceptDataLoss,
    salvage: salvage && resolve(salvage),
    concurrency,
    maxFailures: quantity(maxFailures),
    prefer,
  }
}

function quantity(value: number | string | undefined): Quantity | undefined {
  if (value === undefined) return undefined
  const parsed = parseQuantity(value)
  if (parsed) return parsed
  throw new FleetError('USAGE', `"${value}" is not a count or a percentage. Use 10 or "10%".`)
}
