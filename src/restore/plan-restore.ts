import { findRestorePoint, listRestorePoints, type StoredRestorePoint } from '../catalog/restore-points.ts'
import { findUnfinishedRestore, isInActiveRollout, type UnfinishedRestore } from '../catalog/restores.ts'
import { FleetError } from '../model/errors.ts'
import type { Placement, Tenant } from '../model/tenant.ts'
import { choiceRefusal } from './choice-refusal.ts'
import { chooseRestorePoint } from './choose-restore-point.ts'
import { type RestoreContext, restorablePlacement } from './create-restore-point.ts'

export interface PlannedRestore {
  readonly point: StoredRestorePoint
  /** Whether a restore to it was begun, and has not come to its end. */
  readonly isUnfinished: boolean
  /** Whether the tenant can have no restore point after it, and not return any more. */
  readonly isLast: boolean
}

/**
 * Says where a restore leads, without changing anything.
 * @param options with the number of the undo for which it is done, which has the tenant in hand
 * @throws FleetError RESTORE_REFUSED naming what is in the way, or what the tenant can return to where it is not certain what is
 * meant; RESTORE_POINT_UNKNOWN, RESTORE_POINT_REFUSED, TENANT_STATE
 */
export async function planRestore(
  tenant: Tenant,
  { to, rolloutId }: { readonly to?: string | undefined; readonly rolloutId?: number | undefined },
  { db, provider }: Pick<RestoreContext, 'db' | 'provider'>,
): Promise<PlannedRestore> {
  const placement = restorablePlacement(tenant)
  await refuseWhatIsInTheWay(tenant, rolloutId, { db })
  const unfinished = await findUnfinishedRestore(db, tenant.id)
  const chosen =
    to === undefined ? await choose(tenant.id, unfinished?.to, { db, provider }) : await find(tenant.id, to, { db })
  const point = usable(chosen, placement)
  if (unfinished !== undefined && unfinished.to !== point.id) throw unfinishedRefusal(tenant.id, unfinished)
  return {
    point,
    isUnfinished: unfinished !== undefined,
    isLast: point.reason === 'restore' && provider.keptIsLast,
  }
}

/** Returns the refusal of a restore to another one than that which was begun. */
export function unfinishedRefusal(tenantId: string, { to }: Pick<UnfinishedRestore, 'to'>): FleetError {
  return new FleetError('RESTORE_REFUSED', `A restore of tenant "${tenantId}" to ${to} is not over.`, {
    remedy: `Let it come to its end: fleet restore ${tenantId} --to ${to}`,
  })
}

async function refuseWhatIsInTheWay(
  { id, pinned }: Tenant,
  rolloutId: number | undefined,
  { db }: Pick<RestoreContext, 'db'>,
): Promise<void> {
  if (pinned !== null)
    throw new FleetError('RESTORE_REFUSED', `Tenant "${id}" is pinned: ${pinned}.`, {
      remedy: `Run \`fleet tenant unpin ${id}\` first.`,
    })
  if (await isInActiveRollout(db, id, { except: rolloutId }))
    throw new FleetError('RESTORE_REFUSED', `A rollout that is not over has tenant "${id}" in hand.`, {
      remedy: 'Wait until it is over, or give it up with `fleet rollout abort`.',
    })
}

async function choose(
  tenantId: string,
  unfinished: string | undefined,
  { db, provider }: Pick<RestoreContext, 'db' | 'provider'>,
): Promise<StoredRestorePoint> {
  const points = await listRestorePoints(db, { tenantId, states: ['ready', 'restored', 'released'] })
  const choice = chooseRestorePoint(points, unfinished)
  if (choice.kind === 'point') return choice.point
  if (choice.kind === 'none')
    throw new FleetError('RESTORE_POINT_UNKNOWN', `Tenant "${tenantId}" has no restore point to return to.`, {
      remedy: 'What there was, `fleet restore-point list` says.',
    })
  throw choiceRefusal(tenantId, choice, { points, keptIsLast: provider.keptIsLast })
}

async function find(tenantId: string, id: string, { db }: Pick<RestoreContext, 'db'>): Promise<StoredRestorePoint> {
  const point = await findRestorePoint(db, id)
  if (point?.tenantId === tenantId && point.state === 'ready') return point
  if (point !== undefined && point.tenantId !== tenantId)
    throw new FleetError('RESTORE_REFUSED', `Restore point ${id} is one of tenant "${point.tenantId}".`)
  const ready = await listRestorePoints(db, { tenantId, states: ['ready'] })
  const all = ready.map((it) => it.id).join(', ') || 'none'
  if (point === undefined)
    throw new FleetError(
      'RESTORE_POINT_UNKNOWN',
      `There is no restore point "${id}". Of tenant "${tenantId}" there are: ${all}.`,
    )
  throw new FleetError('RESTORE_REFUSED', `Restore point ${id} is ${point.state}. Ready are: ${all}.`, {
    remedy: `Return to one of those: fleet restore ${tenantId} --to <id>`,
  })
}

function usable(point: StoredRestorePoint, placement: Placement): StoredRestorePoint {
  const { id, server, expired, expiresAt } = point
  if (expired) throw new FleetError('RESTORE_REFUSED', `Restore point ${id} has expired: ${expiresAt?.toISOString()}.`)
  if (server === placement.server) return point
  throw new FleetError('RESTORE_REFUSED', `Restore point ${id} is on server "${server}", the tenant is not.`)
}
