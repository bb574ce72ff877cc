import type { Tenant } from '../model/tenant.ts'

/** Returns a tenant as it is shown: what the provider alone reads, an encrypted password among it, does not leave the program. */
export function publicTenant(tenant: Tenant): Tenant {
  if (tenant.placement === null) return tenant
  const { own: _, ...placement } = tenant.placement
  return { ...tenant, placement }
}
