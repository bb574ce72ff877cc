import { findRestorePoint, type StoredRestorePoint } from '../catalog/restore-points.ts'
import { recordSalvage } from '../catalog/salvages.ts'
import { failpoint } from '../lib/failpoint.ts'
import { thisProcess } from '../lib/process-identity.ts'
import { FleetError } from '../model/errors.ts'
import type { Salvage } from '../model/restore-point.ts'
import type { Placement, Tenant } from '../model/tenant.ts'
import { withClient } from '../postgres/connect.ts'
import { markOf, type RestoreContext, restorablePlacement } from './create-restore-point.ts'
import { keepPosition } from './positions.ts'
import { claimSalvageFolder, finishSalvageFolder } from './salvage-folder.ts'
import { type WrittenSalvage, writeSalvage } from './write-salvage.ts'

/**
 * Writes the rows that a restore point has, and its tenant has not now, to files that COPY reads. Run again after a crash, it
 * begins anew in the same folder.
 * @param directory absolute
 * @throws FleetError RESTORE_POINT_UNKNOWN, RESTORE_REFUSED, TENANT_STATE, SALVAGE_REFUSED before anything is written;
 * SALVAGE_FAILED
 */
export async function salvageRestorePoint(
  tenant: Tenant,
  { pointId, directory }: { readonly pointId: string; readonly directory: string },
  context: RestoreContext,
): Promise<Salvage> {
  const { db, provider, clock, tables: history } = context
  const tenantId = tenant.id
  const placement = restorablePlacement(tenant)
  const point = await readyPoint(pointId, placement, context)
  let written: WrittenSalvage = { tables: [], notCompared: [] }
  try {
    const connection = await provider.connect(placement)
    // All of it within the look: two processes do not take the same restore point at once, so neither its folder.
    await provider.lookIntoRestorePoint(point, markOf(point, context), async (copy) => {
      await claimSalvageFolder(directory, { tenantId, pointId })
      // Before there is a row in it: whoever deletes the tenant is told of this folder, too.
      await recordSalvage(db, { tenantId, pointId, host: thisProcess().host, directory })
      failpoint('salvage.claimed')
      const comparedWithTenantAt = clock.now()
      written = await withClient(copy, { applicationName }, (inPoint) =>
        withClient(connection, { applicationName }, (inTenant) =>
          writeSalvage({ point: inPoint, tenant: inTenant, directory, role: placement.ownerRole, history }),
        ),
      )
      await finishSalvageFolder(directory, {
        tenant: tenantId,
        restorePoint: pointId,
        restorePointMadeAt: point.readyAt,
        comparedWithTenantAt,
        ...written,
      })
    })
  } catch (error) {
    if (error instanceof FleetError && error.code === 'SALVAGE_REFUSED') throw error
    throw salvageFailure(point, directory, error)
  }
  return { tenantId, pointId, directory, ...written }
}

const applicationName = 'fleet/salvage'

async function readyPoint(
  id: string,
  placement: Placement,
  context: RestoreContext,
): Promise<StoredRestorePoint & { readonly databaseId: string }> {
  const found = await findRestorePoint(context.db, id)
  if (found === undefined) throw new FleetError('RESTORE_POINT_UNKNOWN', `There is no restore point "${id}".`)
  const { state } = found
  const point = state === 'ready' ? await keepPosition(found, placement, context) : found
  const { databaseId } = point
  if (state === 'ready' && databaseId !== null) return { ...point, databaseId }
  throw new FleetError('RESTORE_REFUSED', `Restore point ${id} is ${state}: there are no rows in it to be read.`, {
    remedy: 'List those that are ready with `fleet restore-point list`.',
  })
}

function salvageFailure({ id, tenantId }: StoredRestorePoint, directory: string, cause: unknown): FleetError {
  const reason = cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause)
  return new FleetError(
    'SALVAGE_FAILED',
    `Rows of restore point ${id} of tenant "${tenantId}" are not saved: ${reason}.`,
    {
      cause,
      remedy: `They are still in it. Before it expires: fleet restore-point salvage ${id} ${directory}`,
    },
  )
}
