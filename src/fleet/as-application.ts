import { withClient } from '../postgres/connect.ts'
import { parseConnectionString } from '../postgres/connection-string.ts'
import type { Fleet } from './fleet.ts'

/**
 * Runs SQL in a tenant's database as its application does: by the tenant's own URL, with no more rights than that has.
 * @throws FleetError TENANT_UNKNOWN, SERVER_UNREACHABLE; what the server refuses
 */
export async function runAsApplication(fleet: Fleet, tenantId: string, sql: string): Promise<void> {
  const url = parseConnectionString(await fleet.tenants.url(tenantId, { reveal: true }))
  await withClient(url, { applicationName: 'application' }, (client) => client.query(sql))
}
