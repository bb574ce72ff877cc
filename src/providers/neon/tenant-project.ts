import { failpoint } from '../../lib/failpoint.ts'
import type { Mark } from '../../model/mark.ts'
import type { Placement } from '../../model/tenant.ts'
import { databaseName, loginRoleName } from '../database-names.ts'
import type { DatabaseSpec } from '../provider.ts'
import { connectionOf } from './connection-of.ts'
import { ensureProject } from './ensure-project.ts'
import { projectOfTenant } from './find-projects.ts'
import type { NeonAccount } from './neon-account.ts'
import { awaited, ownServer, TAKEN_ROLES } from './own-server.ts'
import { prepareProject } from './prepare-project.ts'

/**
 * Makes the project of a tenant: an empty database with the login role of its application. A repeated call goes on where the last
 * one died, and sets the password of that role.
 * @throws FleetError DATABASE_FOREIGN, SERVICE_REFUSED, SERVICE_LIMIT, SERVICE_BUSY, SERVICE_UNREACHABLE, SERVICE_KEY_REFUSED
 */
export async function createTenantProject(
  { server, mark, password, extensions, isRetry = false }: DatabaseSpec,
  account: NeonAccount,
): Promise<Placement> {
  const placement = plannedProject(server, mark)
  const database = databaseName(mark)
  const { project, branch, uri } = await ensureProject({ ...projectOfTenant(mark), database, isRetry }, account)
  const connection = await connectionOf({ projectId: project.id, branchId: branch.id, database }, account, uri)
  failpoint('tenant.database-created')
  await prepareProject(awaited(connection), { mark, extensions, loginRole: database, password })
  failpoint('tenant.database-opened')
  return {
    ...placement,
    databaseId: project.id,
    own: ownServer(
      connection,
      { projectId: project.id, branchId: branch.id },
      account,
      project.historyRetentionSeconds,
    ),
  }
}

/** Returns where the tenant of a mark will be. @throws FleetError TENANT_ID_INVALID, CONFIG_INVALID as `loginRoleName` */
export function plannedProject(server: string, mark: Mark): Placement {
  const name = loginRoleName(mark, TAKEN_ROLES)
  return { server, database: name, databaseId: null, ownerRole: null, loginRole: name }
}
