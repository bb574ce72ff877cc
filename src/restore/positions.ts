import { noteRestorePoint } from '../catalog/note-restore-point.ts'
import {
  findRestorePoint,
  finishRestorePoint,
  insertRestorePoint,
  type StoredRestorePoint,
} from '../catalog/restore-points.ts'
import { failpoint } from '../lib/failpoint.ts'
import { readHistory } from '../migrations/history.ts'
import { FleetError } from '../model/errors.ts'
import { isSameHistory, type Placement, type Tenant } from '../model/tenant.ts'
import { withClient } from '../postgres/connect.ts'
import { markOf, observing, type RestoreContext, restorablePlacement } from './create-restore-point.ts'

/**
 * Notes where a tenant is in the history that its provider keeps anyway, as a restore point that is not proven; undefined: the
 * provider keeps none of this tenant. Nothing is made, so there is nothing to be recorded before.
 * @throws FleetError TENANT_STATE, TENANT_BUSY, RESTORE_POINT_REFUSED, and what the provider throws
 */
export async function notePosition(
  tenant: Pick<Tenant, 'id' | 'state' | 'placement' | 'history'>,
  context: RestoreContext,
  rolloutId: number,
): Promise<StoredRestorePoint | undefined> {
  const { db, provider, tables, keep } = context
  const placement = restorablePlacement(tenant)
  const { observe, seen } = observing(tables)
  const noted = await provider.positions?.note(placement, observe)
  if (noted == null) return undefined
  const { history = [], counters = null } = seen() ?? {}
  const id = await insertRestorePoint(db, {
    tenantId: tenant.id,
    history,
    rolloutId,
    keep,
    hasCopy: false,
    place: (key) => provider.plannedRestorePoint(placement, markOf({ id: key, reason: 'rollout' }, context)),
  })
  failpoint('restore-point.recorded')
  const { position, reachMs, bytes, tookMs } = noted
  const copying = { method: 'position', diskBytes: 0, closedMs: 0, tookMs }
  await finishRestorePoint(db, id, {
    databaseId: null,
    noted: { position, reachMs },
    bytes,
    copying,
    history,
    counters,
  })
  return findRestorePoint(db, id)
}

/**
 * Makes of a position what all other restore points are: a copy, seen to have the history that the tenant had then. From then on it
 * is proven. Others are returned as they are.
 * @throws FleetError RESTORE_POINT_REFUSED, RESTORE_REFUSED where the position cannot be reached any more, and what the provider throws
 */
export async function keepPosition(
  point: StoredRestorePoint,
  placement: Placement,
  context: RestoreContext,
): Promise<StoredRestorePoint> {
  const { db, provider, tables } = context
  const { id, position, readyAt } = point
  if (point.grade !== 'position' || position === null) return point
  if (provider.positions === undefined)
    throw new FleetError(
      'RESTORE_REFUSED',
      `Restore point ${id} is a position in a history that nobody keeps any more.`,
    )
  // From now on there may be something that has to be removed.
  await noteRestorePoint(db, id, { has_copy: true })
  failpoint('restore-point.recorded')
  const mark = markOf(point, context)
  const ref = await provider.positions.keep(placement, mark, { position, notedAt: readyAt ?? point.createdAt })
  await provider.lookIntoRestorePoint(ref, mark, (copy) =>
    withClient(copy, { applicationName: 'fleet/prove' }, async (client) => {
      const history = await readHistory(client, tables)
      if (!isSameHistory(history, point.history))
        throw new FleetError('RESTORE_REFUSED', `Restore point ${id} leads to another history than the tenant had.`)
    }),
  )
  failpoint('restore-point.made')
  await noteRestorePoint(db, id, { database_id: ref.databaseId })
  return (await findRestorePoint(db, id)) ?? point
}
