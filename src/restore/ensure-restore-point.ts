import { findRestorePointOf, type StoredRestorePoint } from '../catalog/restore-points.ts'
import type { Tenant } from '../model/tenant.ts'
import { createRestorePoint, type RestoreContext, restorablePlacement } from './create-restore-point.ts'
import { keepPosition, notePosition } from './positions.ts'

/**
 * Makes the restore point of a tenant that a rollout takes before the tenant's first migration; the one that an earlier
 * attempt of the rollout made is it. Unless it has to be proven, a position will do, where the provider has those.
 * @throws as `createRestorePoint` and `keepPosition`
 */
export async function ensureRestorePoint(
  rolloutId: number,
  { proven, ...tenant }: Pick<Tenant, 'id' | 'placement' | 'history'> & { readonly proven: boolean },
  context: RestoreContext,
): Promise<StoredRestorePoint> {
  const ready = { ...tenant, state: 'ready' } as const
  const made = await findRestorePointOf(context.db, { rolloutId, tenantId: tenant.id, reason: 'rollout' })
  if (made !== undefined) return proven ? keepPosition(made, restorablePlacement(ready), context) : made
  const noted = proven ? undefined : await notePosition(ready, context, rolloutId)
  return noted ?? createRestorePoint(ready, context, { rolloutId })
}
