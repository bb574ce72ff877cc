import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { findTenant, sampleTenantIds } from '../catalog/tenants.ts'
import type { Tenant } from '../model/tenant.ts'
import { unknownTenant } from '../provisioning/unknown-tenant.ts'

/**
 * Returns a tenant that is not deleted.
 * @throws FleetError TENANT_UNKNOWN, naming ids that are like it
 */
export async function knownTenant(db: CatalogDb, id: string): Promise<Tenant> {
  const tenant = await findTenant(db, id)
  if (tenant !== undefined && tenant.state !== 'deleted') return tenant
  throw unknownTenant(id, await sampleTenantIds(db, 1000))
}
