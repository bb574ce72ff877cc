import { resolve } from 'node:path'
import { findRestorePoint, listRestorePoints, type StoredRestorePoint } from '../catalog/restore-points.ts'
import { listSalvages } from '../catalog/salvages.ts'
import { FleetError } from '../model/errors.ts'
import type { RestorePlan, RestorePoint, RestoreResult } from '../model/restore-point.ts'
import { createRestorePoint, type RestoreContext } from '../restore/create-restore-point.ts'
import { planRestore } from '../restore/plan-restore.ts'
import { pruneRestorePoints } from '../restore/release-restore-points.ts'
import { restoreTenant } from '../restore/restore-tenant.ts'
import { salvageRestorePoint } from '../restore/salvage-restore-point.ts'
import type { Fleet } from './fleet.ts'
import { knownTenant } from './known-tenant.ts'
import type { Parts } from './parts.ts'

export function restoreMethods(parts: Parts): Pick<Fleet, 'restorePoints' | 'planRestore' | 'restore'> {
  const context = restoreContext(parts)
  const { db } = context

  const known = (id: string) => knownTenant(db, id)

  return {
    restorePoints: {
      create: async (tenantId, options = {}) =>
        toPublic(await createRestorePoint(await known(tenantId), context, options)),
      list: async ({ tenantId } = {}) => {
        if (tenantId !== undefined) await known(tenantId)
        return (await listRestorePoints(db, tenantId === undefined ? {} : { tenantId })).map(toPublic)
      },
      salvage: async (pointId, directory) => {
        const point = await findRestorePoint(db, pointId)
        if (point === undefined)
          throw new FleetError('RESTORE_POINT_UNKNOWN', `There is no restore point "${pointId}".`)
        return salvageRestorePoint(await known(point.tenantId), { pointId, directory: resolve(directory) }, context)
      },
      salvages: (tenantId) => listSalvages(db, tenantId),
      prune: async function* () {
        for await (const point of pruneRestorePoints(context)) yield toPublic(point)
      },
    },
    planRestore: async (tenantId, { to } = {}): Promise<RestorePlan> => {
      const { point, isUnfinished, isLast } = await planRestore(await known(tenantId), { to }, context)
      return { tenantId, point: toPublic(point), isUnfinished, isLast }
    },
    restore: async (tenantId, { salvage: directory, ...options } = {}): Promise<RestoreResult> => {
      const salvage = directory === undefined ? undefined : resolve(directory)
      const { point, kept, ...result } = await restoreTenant(await known(tenantId), { ...options, salvage }, context)
      return { ...result, point: toPublic(point), kept: toPublic(kept) }
    },
  }
}

/** What restoring needs of the parts. */
export function restoreContext({ catalog, config, provider, clock, readPassword }: Parts): RestoreContext {
  return {
    db: catalog.db,
    provider,
    fleet: config.name,
    catalogId: catalog.id,
    tables: config.migrations,
    keep: config.restorePoints.keep,
    clock,
    readPassword,
  }
}

function toPublic({
  databaseId: _databaseId,
  counters: _counters,
  position: _position,
  hasCopy: _hasCopy,
  expired: _expired,
  replacedBy: _replacedBy,
  ...point
}: StoredRestorePoint): RestorePoint {
  return point
}
