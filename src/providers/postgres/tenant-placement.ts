import type { Mark } from '../../model/mark.ts'
import type { Placement } from '../../model/tenant.ts'
import { loginRoleName } from '../database-names.ts'
import { APP_ROLE, OWNER_ROLE } from './fleet-role-names.ts'

/**
 * Returns where a tenant's database is, or will be; its OID is known only once it is there.
 * @throws FleetError TENANT_ID_INVALID, CONFIG_INVALID as `loginRoleName`
 */
export function tenantPlacement(server: string, mark: Mark): Placement {
  const name = loginRoleName(mark, [OWNER_ROLE, APP_ROLE])
  return { server, database: name, databaseId: null, ownerRole: OWNER_ROLE, loginRole: name }
}
