import type { ConnectionDescriptor } from '../../model/connection.ts'
import type { Mark } from '../../model/mark.ts'
import { withClient } from '../../postgres/connect.ts'
import type { RestorePointRef } from '../copying-provider.ts'
import { parseBranchAddress } from './branch-address.ts'
import { changeSurely } from './change-surely.ts'
import { connectionOf } from './connection-of.ts'
import { takeGrants } from './database-grants.ts'
import { explained } from './explained.ts'
import type { NeonAccount } from './neon-account.ts'
import { awaited, OWNER } from './own-server.ts'
import { requireBranch } from './restore-source.ts'

/**
 * Gives the branch of a restore point a compute for as long as `look` takes. One that a crash has left is used, and removed. The
 * rights of others on the database, whose passwords are the branch's too, are taken away before and not given back: a marker is
 * never returned to itself, and a restore gives what it returns to the rights of the tenant.
 * @throws FleetError RESTORE_POINT_UNKNOWN, DATABASE_FOREIGN, SERVICE_LIMIT and the like; what `look` throws
 */
export async function lookIntoMarker(
  point: RestorePointRef,
  mark: Mark,
  {
    look,
    account,
    role = OWNER,
  }: {
    readonly look: (point: ConnectionDescriptor) => Promise<void>
    readonly account: NeonAccount
    /** The owner of its database; left out: that of the projects that we make. */
    readonly role?: string
  },
): Promise<void> {
  const { api } = account
  const { projectId, database } = parseBranchAddress(point.database)
  const branch = await requireBranch(point, mark, account)
  const listed = () =>
    explained(`The computes of branch ${branch.id} were not listed`, () => api.listEndpoints(projectId, branch.id))
  const findLeft = async () => (await listed())[0]
  try {
    if ((await findLeft()) === undefined) {
      const what = `Branch ${branch.id} was given no compute`
      const mutation = () => api.createEndpoint(projectId, branch.id)
      await changeSurely({ projectId, what, mutation, look: findLeft }, account)
    }
    const connection = awaited(await connectionOf({ projectId, branchId: branch.id, database, role }, account))
    await withClient(connection, { applicationName: 'fleet/look' }, takeGrants)
    await look(connection)
  } finally {
    for (const { id } of await listed())
      await account.change(projectId, `Compute ${id} was not deleted`, () => api.deleteEndpoint(projectId, id))
  }
}
