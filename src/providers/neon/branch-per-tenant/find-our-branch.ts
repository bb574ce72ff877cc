import { FleetError } from '../../../model/errors.ts'
import { type Mark, sameMark } from '../../../model/mark.ts'
import { findBranch } from '../delete-branch.ts'
import { annotatedOwner, branchMark, neonName, sameOwner } from '../names.ts'
import type { NeonAccount } from '../neon-account.ts'
import type { NeonBranch } from '../neon-api.ts'

/**
 * Returns the branch that has the name of a mark; undefined: there is none.
 * @throws FleetError DATABASE_FOREIGN for one without the mark's annotations, and as `explained`
 */
export async function findOurBranch(
  projectId: string,
  mark: Mark,
  account: NeonAccount,
): Promise<NeonBranch | undefined> {
  const branch = await findBranch({ projectId, name: neonName(mark) }, account)
  if (branch === undefined || sameMark(branchMark(branch), mark)) return branch
  throw foreignBranch(branch, mark)
}

/**
 * Returns the branch of a name that is for a mark, and not what it says yet; undefined: there is none.
 * @throws FleetError DATABASE_FOREIGN for one without annotations of the mark's owner, and as `explained`
 */
export async function findUnfinished(
  { projectId, name }: { readonly projectId: string; readonly name: string },
  mark: Mark,
  account: NeonAccount,
): Promise<NeonBranch | undefined> {
  const branch = await findBranch({ projectId, name }, account)
  if (branch === undefined || isOf(branch, mark)) return branch
  throw foreignBranch(branch, mark)
}

/** Says whether a branch carries annotations of the owner of a mark, whatever its name. */
export function isOf({ annotations }: NeonBranch, mark: Pick<Mark, 'fleet' | 'catalogId'>): boolean {
  const owner = annotatedOwner(annotations)
  return owner !== undefined && sameOwner(owner, mark)
}

/** That a branch is not what a mark stands for. */
export function foreignBranch({ id, name }: NeonBranch, { kind, key }: Mark): FleetError {
  return new FleetError('DATABASE_FOREIGN', `Branch ${id} ("${name}") does not carry the mark of ${kind} "${key}".`)
}
