import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { isRunning } from '../catalog/tenant-runs.ts'
import { changeTenant, findTenant } from '../catalog/tenants.ts'
import type { Clock } from '../lib/clock.ts'
import { FleetError } from '../model/errors.ts'
import type { ProvisioningEvent } from '../model/events.ts'
import type { Mark } from '../model/mark.ts'
import { nextState } from '../model/state-machine.ts'
import type { DeletedTenant } from '../model/tenant.ts'
import { TENANT } from '../model/tenant-state.ts'
import type { Provider } from '../providers/provider.ts'

export interface DeleteContext {
  readonly db: CatalogDb
  readonly provider: Provider
  readonly fleet: string
  readonly catalogId: string
  readonly clock: Clock
  /** Removes what the tenant could return to: it holds its data, and its role has rights in it. */
  readonly releaseRestorePoints: (tenantId: string) => Promise<void>
  readonly publish: (event: ProvisioningEvent) => void
}

/**
 * Removes a tenant's database, its login role and, last, its record. An adopted tenant's database was there before the
 * fleet and stays. One whose deletion was killed goes on; one whose deletion the provider refuses stays as it was, with all that
 * it could return to.
 * @throws FleetError TENANT_UNKNOWN, TENANT_BUSY, and what the provider throws
 */
export async function deleteTenant(
  id: string,
  { db, provider, fleet, catalogId, clock, releaseRestorePoints, publish }: DeleteContext,
): Promise<DeletedTenant> {
  const tenant = await findTenant(db, id)
  if (tenant === undefined || tenant.state === 'deleted')
    throw new FleetError('TENANT_UNKNOWN', `There is no tenant "${id}".`)
  const placement = tenant.origin === 'created' ? tenant.placement : null
  const mark: Mark = { fleet, catalogId, kind: 'tenant', key: id }
  if (tenant.state !== 'deleting') {
    nextState(TENANT, tenant.state, 'delete')
    // From here on nothing leads back: what refuses the deletion for good has to refuse it now.
    if (placement !== null) await provider.checkDeletable(placement, mark)
    await db.transaction().execute(async (tx) => {
      // The change locks the tenant's row: a claim waits for it, or was before it and is seen by the look that follows.
      await changeTenant(tx, id, 'delete')
      if (await isRunning(tx, id))
        throw new FleetError('TENANT_BUSY', `Tenant "${id}" is being migrated at this moment.`)
    })
  }
  const deleteDatabase = async () => {
    if (placement !== null) await provider.deleteDatabase(placement, mark)
  }
  // Some of what goes with the tenant may be of the kind that cannot go before it.
  if (provider.copiesGoWithTenant) await deleteDatabase()
  await releaseRestorePoints(id)
  if (!provider.copiesGoWithTenant) await deleteDatabase()
  await changeTenant(db, id, 'finish-delete')
  const now = clock.now()
  const keptFor = placement === null ? 0 : provider.keepsDeletedFor
  const recoverableUntil = keptFor === 0 ? null : new Date(now.getTime() + keptFor)
  const text = recoverableUntil?.toISOString() ?? null
  publish({ type: 'tenant.deleted', at: now.toISOString(), tenantId: id, recoverableUntil: text })
  return { tenantId: id, recoverableUntil }
}
