import type { Mark } from '../../model/mark.ts'
import { kindOf } from './change-surely.ts'
import { deleteBranch } from './delete-branch.ts'
import type { NeonAccount } from './neon-account.ts'
import type { CreatedNeonBranch, NewNeonBranch } from './neon-api.ts'

export interface BranchToCreate {
  readonly projectId: string
  readonly branch: NewNeonBranch
  readonly mark: Mark
  /** As of `NeonAccount.change`. */
  readonly what: string
}

/** How often it is tried, where answers are lost. */
const TRIES = 3

/**
 * Makes a branch. What an earlier try has left under its name is deleted: it is of another moment, or nobody knows what has become
 * of it.
 * @throws FleetError DATABASE_FOREIGN, SERVICE_LIMIT and the like
 */
export async function createBranch(
  { projectId, branch, mark, what }: BranchToCreate,
  account: NeonAccount,
): Promise<CreatedNeonBranch> {
  for (let tries = 1; ; tries++) {
    try {
      return await account.change(projectId, what, () => account.api.createBranch(projectId, branch))
    } catch (error) {
      const kind = kindOf(error)
      if ((kind !== 'exists' && kind !== 'lost') || tries === TRIES) throw error
      await deleteBranch({ projectId, name: branch.name, branchId: null }, mark, account)
    }
  }
}
