import type { ConnectionDescriptor } from '../../../model/connection.ts'
import { changeSurely } from '../change-surely.ts'
import { computeSettings } from '../compute-settings.ts'
import { type BranchDatabase, connectionOf } from '../connection-of.ts'
import { explained } from '../explained.ts'
import type { NeonAccount } from '../neon-account.ts'
import type { NeonEndpoint } from '../neon-api.ts'
import { awaited, type TenantBranch } from '../own-server.ts'

/** Lists the computes of a branch; throws as `explained`. */
export async function listComputes(
  { projectId, branchId }: TenantBranch,
  { api }: NeonAccount,
): Promise<readonly NeonEndpoint[]> {
  return explained(`The computes of branch ${branchId} were not listed`, () => api.listEndpoints(projectId, branchId))
}

/** Gives a branch a compute, if it has none, and returns how its owner reaches the database; throws as `explained`. */
export async function openBranch(branch: BranchDatabase, account: NeonAccount): Promise<ConnectionDescriptor> {
  const { projectId, branchId } = branch
  const findOne = async () => (await listComputes(branch, account))[0]
  if ((await findOne()) === undefined) {
    const what = `Branch ${branchId} was given no compute`
    const mutation = () => account.api.createEndpoint(projectId, branchId, computeSettings(account))
    await changeSurely({ projectId, what, mutation, look: findOne }, account)
  }
  return awaited(await connectionOf(branch, account))
}

/** Takes all computes of a branch away: sessions end, and nobody gets in any more. Throws as `explained`. */
export async function closeBranch(branch: TenantBranch, account: NeonAccount): Promise<void> {
  const { projectId } = branch
  for (const { id } of await listComputes(branch, account))
    await account.change(projectId, `Compute ${id} was not deleted`, () => account.api.deleteEndpoint(projectId, id))
}
