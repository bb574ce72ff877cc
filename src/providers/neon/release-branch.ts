import type { Mark } from '../../model/mark.ts'
import type { RestorePointRef } from '../copying-provider.ts'
import { parseBranchAddress } from './branch-address.ts'
import { kindOf } from './change-surely.ts'
import { deleteBranch } from './delete-branch.ts'
import { explained } from './explained.ts'
import { childrenFirst } from './lineage.ts'
import { neonName } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonBranch } from './neon-api.ts'

/**
 * Deletes the branch of a restore point, or of what a restore has kept; gone is fine. False: it goes with the tenant, which hangs
 * under it, or whose root it was.
 * @param isTenant tells the tenants among the branches of the project
 * @throws FleetError DATABASE_FOREIGN; SERVICE_REFUSED while other branches hang under it; as `explained`
 */
export async function releaseBranch(
  { database, databaseId: branchId }: Pick<RestorePointRef, 'database'> & { readonly databaseId: string | null },
  mark: Mark,
  isTenant: (branch: NeonBranch) => boolean,
  account: NeonAccount,
): Promise<boolean> {
  const { projectId, branch: name } = parseBranchAddress(database)
  try {
    await deleteBranch({ projectId, name, branchId }, mark, account)
    return true
  } catch (error) {
    const kind = kindOf(error)
    if (kind !== 'has-children' && kind !== 'invalid') throw error
    const listed = () => account.api.listBranches(projectId)
    const branches = await explained(`Project ${projectId} was not looked at`, listed)
    const branch = branches.find((it) => it.name === neonName(mark))
    const tenants = branches.filter(isTenant)
    if (branch === undefined) throw error
    if (kind === 'has-children' && childrenFirst(branches, branch).some((it) => tenants.includes(it))) return false
    // The first root of a project is never deleted again once its tenant hangs under another one.
    if (kind === 'invalid' && branch.parentId === null && tenants.every(({ parentId }) => parentId !== null))
      return false
    throw error
  }
}
