import type { Mark } from '../../model/mark.ts'
import type { Placement } from '../../model/tenant.ts'
import { databaseName } from '../database-names.ts'
import { OWNER_ROLE } from './fleet-role-names.ts'

/** Returns where a tenant's database is, or will be; its OID is known only once it is there. */
export function tenantPlacement(server: string, mark: Mark): Placement {
  const name = databaseName(mark)
  return { server, database: name, databaseId: null, ownerRole: OWNER_ROLE, loginRole: name }
}
