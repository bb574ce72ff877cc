import { findRestorePointOf } from '../catalog/restore-points.ts'
import type { Tenant } from '../model/tenant.ts'
import type { RestoreContext } from './create-restore-point.ts'
import { holdsSalvage } from './salvage-folder.ts'
import { salvageRestorePoint } from './salvage-restore-point.ts'

/**
 * Makes the salvage of what an undo has kept of a tenant, where the process that returned the tenant did not live to make it.
 * @throws FleetError SALVAGE_REFUSED, SALVAGE_FAILED
 */
export async function finishSalvageOf(
  tenant: Tenant,
  { rolloutId, directory }: { readonly rolloutId: number; readonly directory: string },
  context: RestoreContext,
): Promise<void> {
  const kept = await findRestorePointOf(context.db, { rolloutId, tenantId: tenant.id, reason: 'restore' })
  if (kept === undefined || (await holdsSalvage(directory, kept.id))) return
  await salvageRestorePoint(tenant, { pointId: kept.id, directory }, context)
}
