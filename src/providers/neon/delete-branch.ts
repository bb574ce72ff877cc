import { FleetError } from '../../model/errors.ts'
import { type Mark, sameMark } from '../../model/mark.ts'
import { explained } from './explained.ts'
import { annotatedOwner, branchMark, neonName } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonBranch } from './neon-api.ts'
import { unlessGone } from './neon-api-error.ts'

export interface BranchToDelete {
  readonly projectId: string
  readonly name: string
  /** Null: nobody has seen it; then it is found by its name, which is unique in its project. */
  readonly branchId: string | null
}

/** Finds a branch of a project by its name; undefined: there is none, or no such project. */
export async function findBranch(
  { projectId, name }: Pick<BranchToDelete, 'projectId' | 'name'>,
  { api }: NeonAccount,
): Promise<NeonBranch | undefined> {
  const found = await explained(`Branch "${name}" of project ${projectId} was not looked up`, () =>
    unlessGone(api.listBranches(projectId, { search: name })),
  )
  return found?.find((it) => it.name === name)
}

/**
 * Refuses a branch that is not what we have made under a mark: its name must be that of the mark and, where Neon lets us write
 * them, the annotations: what a restore has kept has those of the tenant that it was, or, at a root, perhaps the name alone.
 * @throws FleetError DATABASE_FOREIGN
 */
export function requireOurBranch(branch: NeonBranch, { projectId, name, branchId }: BranchToDelete, mark: Mark): void {
  const isUnmarked = mark.kind === 'kept-state' && annotatedOwner(branch.annotations) === undefined
  const isOurs = isUnmarked || sameMark(branchMark(branch), mark)
  const isNamed = branch.name === name && name === neonName(mark)
  if (isNamed && isOurs && (branchId === null || branch.id === branchId)) return
  throw new FleetError(
    'DATABASE_FOREIGN',
    `Branch ${branch.id} ("${branch.name}") of project ${projectId} is not that of ${mark.kind} "${mark.key}".`,
  )
}

/**
 * Deletes a branch that we have made. Gone is fine, called otherwise by now is not.
 * @throws FleetError DATABASE_FOREIGN; SERVICE_REFUSED while others hang under it; as `explained`
 */
export async function deleteBranch(
  { projectId, name, branchId }: BranchToDelete,
  mark: Mark,
  account: NeonAccount,
): Promise<void> {
  const branch = (await findBranch({ projectId, name }, account)) ?? (await getBranch({ projectId, branchId }, account))
  if (branch === undefined) return
  requireOurBranch(branch, { projectId, name, branchId }, mark)
  await account.change(projectId, `Branch "${name}" of project ${projectId} was not deleted`, () =>
    account.api.deleteBranch(projectId, branch.id),
  )
}

async function getBranch(
  { projectId, branchId }: Pick<BranchToDelete, 'projectId' | 'branchId'>,
  { api }: NeonAccount,
): Promise<NeonBranch | undefined> {
  if (branchId === null) return undefined
  return explained(`Branch ${branchId} was not looked at`, () => api.getBranch(projectId, branchId))
}
