import { isInHistory } from '../catalog/restore-point-lineage.ts'
import {
  changeRestorePoint,
  findRestorePoint,
  finishRestorePoint,
  forgetRestorePoint,
  insertRestorePoint,
  type StoredRestorePoint,
} from '../catalog/restore-points.ts'
import { findUnfinishedRestore, lockRestores, recordRestored } from '../catalog/restores.ts'
import { failpoint } from '../lib/failpoint.ts'
import { readHistory } from '../migrations/history.ts'
import { FleetError, type FleetErrorCode } from '../model/errors.ts'
import type { Loss, RestoreResult, RestoreTenantOptions, Salvage, WriteCounters } from '../model/restore-point.ts'
import { isSameHistory, type Placement, type Tenant } from '../model/tenant.ts'
import type { Client } from '../postgres/connect.ts'
import type { RestoreOutcome } from '../providers/copying-provider.ts'
import { markOf, type RestoreContext, restorablePlacement } from './create-restore-point.ts'
import { isSalvageable } from './is-salvageable.ts'
import { judgeLoss } from './judge-loss.ts'
import { lossRefusal } from './loss-refusal.ts'
import { planRestore, unfinishedRefusal } from './plan-restore.ts'
import { keepPosition } from './positions.ts'
import { type ReadAhead, readAhead } from './read-ahead.ts'
import { returnedElsewhere } from './returned-elsewhere.ts'
import { claimSalvageFolder } from './salvage-folder.ts'
import { salvageRestorePoint } from './salvage-restore-point.ts'

export interface TenantRestored {
  readonly tenantId: string
  readonly point: StoredRestorePoint
  /** The state before. */
  readonly kept: StoredRestorePoint
  readonly loss: Loss
  /** Settings of the tenant's database that could not be applied again. */
  readonly settingsLost: readonly string[]
  /** What a return to the state before would cost. */
  readonly wayBack: RestoreResult['wayBack']
  /** Whether the tenant has another address now. */
  readonly endpointChanged: boolean
  /** How old the restore point was, in milliseconds. */
  readonly age: number
  /** How long nobody could be in the tenant, in milliseconds; null: a process that died in between has done it. */
  readonly closedFor: number | null
  readonly salvage: Salvage | null
}

/**
 * Returns a tenant to a restore point, under the same connection string where the provider can. What was there before is kept as
 * a restore point of its own. Run again after a crash, it goes on where that was.
 * @param options with the number of the undo for which it is done, which has the tenant in hand
 * @throws FleetError RESTORE_REFUSED naming what would be lost, or what is in the way; RESTORE_POINT_UNKNOWN, TENANT_STATE,
 * TENANT_BUSY, SALVAGE_REFUSED, and what the provider throws; SALVAGE_FAILED when the tenant has returned, and its rows are
 * only in what is kept; RESTORE_FAILED when it is not what the restore point was, and that is recorded
 */
export async function restoreTenant(
  tenant: Tenant,
  {
    to,
    acceptDataLoss = false,
    salvage: directory,
    force = false,
    rolloutId,
  }: RestoreTenantOptions & { readonly rolloutId?: number },
  context: RestoreContext,
): Promise<TenantRestored> {
  const placement = restorablePlacement(tenant)
  const planned = await planRestore(tenant, { to, rolloutId }, context)
  const point = placed(await keepPosition(planned.point, placement, context))
  const { keptId, isNew } = await recordKept(tenant, { point, rolloutId }, context)
  failpoint('restore.recorded')
  const giveFolderBack = await claimFolder(tenant.id, { directory, keptId }).catch(async (error: unknown) => {
    if (isNew) await forgetRestorePoint(context.db, keptId)
    throw error
  })
  // Where the answer decides nothing, clients do not wait for it to be exact.
  const ahead = acceptDataLoss ? undefined : await readAheadIfPossible(placement, point, context)
  let seen: Seen = { history: point.history, isReturned: true }
  let loss: Loss = { kind: 'unknown', why: 'another process has looked, and done the restore' }
  const request = {
    placement,
    point,
    mark: markOf(point, context),
    ...(point.readyAt === null ? {} : { takenAt: point.readyAt }),
    isInHistory: await isInHistory(context.db, point.id),
    verify: async (client: Client) => {
      const history = await readHistory(client, context.tables)
      // Nobody looked into what was kept; what a restore point has was read when it was made.
      seen = { history, isReturned: point.reason === 'restore' || isSameHistory(history, point.history) }
      return seen.isReturned
    },
    keptMark: markOf({ id: keptId, reason: 'restore' }, context),
    readPassword: () => context.readPassword(tenant.id),
    force,
  }
  const outcome = await context.provider
    .restore(request, async (client) => {
      const judged = await judgeLoss(client, { point, placement, ahead }, context)
      loss = judged.loss
      const isConsent = acceptDataLoss || (directory !== undefined && isSalvageable(loss, judged.counted))
      if (loss.kind !== 'none' && !isConsent) throw lossRefusal(tenant.id, point, loss)
    })
    .catch(async (error: unknown) => {
      // Only where it is certain that nothing was renamed: all else is left for the next run to find.
      if (error instanceof FleetError && !UNCERTAIN.includes(error.code)) {
        await forgetRestorePoint(context.db, keptId)
        await giveFolderBack()
      }
      throw error
    })
  const age = context.clock.now().getTime() - (point.readyAt ?? point.createdAt).getTime()
  failpoint('restore.done')
  await recordOutcome(tenant, point, { keptId, outcome, seen }, context)
  const [restored, kept] = await Promise.all([point.id, keptId].map((id) => findRestorePoint(context.db, id)))
  if (restored === undefined || kept === undefined)
    throw new FleetError('RESTORE_POINT_UNKNOWN', `Restore point ${point.id} is gone.`)
  if (!seen.isReturned) throw returnedElsewhere(tenant.id, { restored, kept, found: seen.history })
  const { settingsLost, closedFor, endpointChanged, placement: now } = outcome
  const salvage =
    directory === undefined ? null : await salvageKept({ ...tenant, placement: now }, kept, directory, context)
  const wayBack = outcome.isLast ? 'closed' : context.provider.keptIsLast ? 'last' : 'open'
  const result = { loss, settingsLost, wayBack, endpointChanged, age, closedFor, salvage } as const
  return { tenantId: tenant.id, point: restored, kept, ...result }
}

/** With these, the answer to a COMMIT may have been lost. */
const UNCERTAIN: readonly FleetErrorCode[] = [
  'SERVER_UNREACHABLE',
  'AUTHENTICATION_FAILED',
  'DATABASE_IN_USE',
  'SERVICE_UNREACHABLE',
  'SERVICE_BUSY',
]

function placed(point: StoredRestorePoint): ReadyRestorePoint {
  const { id, databaseId } = point
  if (databaseId !== null) return { ...point, databaseId }
  throw new FleetError('RESTORE_POINT_UNKNOWN', `Nobody knows where restore point ${id} is.`)
}

type ReadyRestorePoint = StoredRestorePoint & { readonly databaseId: string }

/**
 * Before anything is renamed; after a crash, or where another process is at it, the record that is there already.
 * @throws FleetError RESTORE_REFUSED while a restore to another one has not come to its end, or when one to this has by now
 */
async function recordKept(
  tenant: Tenant,
  { point, rolloutId }: { readonly point: StoredRestorePoint; readonly rolloutId: number | undefined },
  context: RestoreContext,
): Promise<{ readonly keptId: string; readonly isNew: boolean }> {
  const placement = restorablePlacement(tenant)
  return context.db.transaction().execute(async (tx) => {
    // Of those who come here together, one begins it.
    await lockRestores(tx, tenant.id)
    const unfinished = await findUnfinishedRestore(tx, tenant.id)
    if (unfinished?.to === point.id) return { keptId: unfinished.kept, isNew: false }
    if (unfinished !== undefined) throw unfinishedRefusal(tenant.id, unfinished)
    const found = await findRestorePoint(tx, point.id)
    if (found?.state !== 'ready')
      throw new FleetError('RESTORE_REFUSED', `Restore point ${point.id} is ${found?.state ?? 'gone'} by now.`, {
        remedy: 'See what has been done meanwhile: `fleet restore-point list`.',
      })
    const keptId = await insertRestorePoint(tx, {
      tenantId: tenant.id,
      history: tenant.history,
      rolloutId,
      replacedBy: point.id,
      keep: context.keep,
      hasCopy: true,
      place: (id) => context.provider.plannedRestorePoint(placement, markOf({ id, reason: 'restore' }, context)),
    })
    return { keptId, isNew: true }
  })
}

/** Before anything is changed: who cannot write there hears it now. Returns how to give the folder back. */
async function claimFolder(
  tenantId: string,
  { directory, keptId }: { readonly directory: string | undefined; readonly keptId: string },
): Promise<() => Promise<void>> {
  return directory === undefined ? async () => {} : claimSalvageFolder(directory, { tenantId, pointId: keptId })
}

/** Whatever prevents it leaves the answer to the statistics; what is in the way of the restore itself, that will say. */
async function readAheadIfPossible(
  placement: Placement,
  point: ReadyRestorePoint,
  context: RestoreContext,
): Promise<ReadAhead | undefined> {
  const { provider, tables: history } = context
  return readAhead({ provider, placement, point, mark: markOf(point, context), history }).catch(() => undefined)
}

/** The tenant has returned by now: whatever goes wrong says so, and how to go on. */
async function salvageKept(
  tenant: Tenant,
  { id: pointId }: StoredRestorePoint,
  directory: string,
  context: RestoreContext,
): Promise<Salvage> {
  return salvageRestorePoint(tenant, { pointId, directory }, context).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new FleetError('SALVAGE_FAILED', `Tenant "${tenant.id}" is restored, but nothing is salvaged. ${reason}`, {
      cause,
      remedy: `What it had is in ${pointId}. Before that expires: fleet restore-point salvage ${pointId} ${directory}`,
    })
  })
}

/** What was put back, as far as anybody had to look. */
interface Seen {
  readonly history: readonly string[]
  /** Whether it is what the restore point was. */
  readonly isReturned: boolean
}

async function recordOutcome(
  { id: tenantId, history }: Tenant,
  point: StoredRestorePoint,
  { keptId, outcome, seen }: { readonly keptId: string; readonly outcome: RestoreOutcome; readonly seen: Seen },
  { db }: RestoreContext,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    if (outcome.kept === null) await changeRestorePoint(tx, keptId, 'fail', 'It was dropped meanwhile.')
    // What is written from now on is written to the copy, whose statistics began at nothing. Those of a state that was
    // kept before go on, and nobody looked at them when it came back.
    const counters = point.reason === 'restore' ? null : atNothing(point.counters)
    if (outcome.kept !== null)
      await finishRestorePoint(tx, keptId, {
        databaseId: outcome.kept.databaseId,
        bytes: point.bytes ?? 0,
        history,
        counters,
      })
    // One that the tenant was not seen to have returned to is there still.
    if (seen.isReturned) await changeRestorePoint(tx, point.id, 'restore')
    const { placement, bound } = outcome
    await recordRestored(tx, { tenantId, placement, history: seen.history, to: point.id, bound })
  })
}

function atNothing(counters: WriteCounters | null): WriteCounters | null {
  // A copy has the tables of its original, under the same OIDs, and statistics that were never reset.
  return (
    counters && {
      ...counters,
      statsReset: null,
      tables: counters.tables.map((it) => ({ ...it, writes: 0, deletes: 0 })),
    }
  )
}
