import type { Tenant } from '../model/tenant.ts'

/** Returns a tenant as it is shown: not even an encrypted password leaves the program. */
export function publicTenant(tenant: Tenant): Tenant {
  const { placement } = tenant
  if (placement?.own === undefined) return tenant
  return { ...tenant, placement: { ...placement, own: { ...placement.own, sealed: '' } } }
}
