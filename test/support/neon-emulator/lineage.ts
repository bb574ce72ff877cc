import { branchExists, branchNotReady, limitExceeded, type NeonError, unknown, unprocessable } from './errors.ts'
import type { Limits } from './limits.ts'

/*
 * Known is what a restore to the own history does, that the children move, who is re-parented when a child is restored, and what
 * cannot be deleted. Inferred, until somebody has tried: that a root restored from another root becomes its child and is open to
 * point-in-time restore no more; that a branch restored to its own history still knows what lies before the point; that the branch
 * that is replaced and not preserved is gone.
 */

/** What parents, children and roots depend on. A root has no parent. */
export interface LineageBranch {
  readonly id: string
  readonly name: string
  readonly parentId?: string | undefined
  readonly isDefault: boolean
  /** The root that the project began with, or what a restore from another branch made of it: it can never be deleted. */
  readonly isOriginalRoot: boolean
  readonly isProtected: boolean
  readonly isExpiring: boolean
  readonly isReady: boolean
}

export type BranchCounts = Pick<Limits, 'branches' | 'rootBranches' | 'protectedBranches'>

export interface RestoreRequest {
  readonly target: string
  readonly source: string
  /** Whether a point in the source's history is named, rather than its head. */
  readonly toPoint: boolean
  readonly preserveUnderName?: string | undefined
}

/** What a restore does to the lineage. */
export interface RestoreOutcome {
  /** The branch that takes over what the target was: its place, its children, its data. */
  readonly preserved?:
    | { readonly name: string; readonly parentId: string | undefined; readonly isOriginalRoot: boolean }
    | undefined
  /** The target's parent from now on. */
  readonly targetParentId: string | undefined
  /** Whose parent the preserved branch becomes. */
  readonly movedChildren: readonly string[]
}

/** Says why a branch of this name cannot be made under this parent, which exists. */
export function refuseCreate(
  branches: readonly LineageBranch[],
  { parent, name }: { readonly parent: string; readonly name: string },
  limits: BranchCounts,
): NeonError | undefined {
  const from = find(branches, parent)
  if (!from.isReady) return branchNotReady()
  if (branches.some((it) => it.name === name)) return branchExists(name)
  if (from.isExpiring) return unprocessable('branch that has an expiration time cannot have children')
  if (branches.length >= limits.branches) return limitExceeded('BRANCHES', limits.branches)
  return undefined
}

/** Says why a branch cannot be deleted. */
export function refuseDelete(branches: readonly LineageBranch[], id: string): NeonError | undefined {
  const branch = find(branches, id)
  if (branch.isProtected) return unprocessable('cannot delete protected branch')
  if (branch.isDefault) return unprocessable('cannot delete default branch')
  if (branch.isOriginalRoot) return unprocessable('cannot delete root branch')
  if (childrenOf(branches, id).length > 0) return unprocessable('cannot delete branch that has children')
  return undefined
}

/** Says why a branch cannot be given a new name, protection or an expiry. */
export function refuseUpdate(
  branches: readonly LineageBranch[],
  id: string,
  change: { readonly name?: string | undefined; readonly isProtected: boolean; readonly isExpiring: boolean },
  limits: BranchCounts,
): NeonError | undefined {
  const branch = find(branches, id)
  if (change.name !== undefined && branches.some((it) => it.id !== id && it.name === change.name)) {
    return branchExists(change.name)
  }
  if (change.isExpiring) {
    const reason = whyNeverExpires(branches, { ...branch, isProtected: change.isProtected })
    if (reason) return unprocessable(`cannot set expiration time on ${reason}`)
  }
  const others = branches.filter((it) => it.isProtected && it.id !== id).length
  if (change.isProtected && !branch.isProtected && others >= limits.protectedBranches) {
    return limitExceeded('BRANCHES_PROTECTED', limits.protectedBranches)
  }
  return undefined
}

/** Decides what a restore does, or why it is refused. The source and the target exist. */
export function decideRestore(
  branches: readonly LineageBranch[],
  { target: targetId, source: sourceId, toPoint, preserveUnderName }: RestoreRequest,
  limits: BranchCounts,
): RestoreOutcome | { readonly refusal: NeonError } {
  const target = find(branches, targetId)
  const source = find(branches, sourceId)
  const children = childrenOf(branches, target.id)
  const isOwnHistory = source.id === target.id
  if (target.isProtected) return { refusal: unprocessable('cannot reset protected branch') }
  if (!target.isReady || !source.isReady) return { refusal: branchNotReady() }
  if (isOwnHistory && !toPoint) return { refusal: unknown('a restore of a branch to its own head') }
  if (!isOwnHistory && source.isExpiring) {
    // The target would become a child of a branch that may have none.
    return { refusal: unprocessable('branch that has an expiration time cannot have children') }
  }
  if (toPoint && (target.parentId !== undefined || source.parentId !== undefined)) {
    return { refusal: unprocessable('point-in-time restore is only supported for root branches') }
  }
  if (preserveUnderName === undefined) {
    if (isOwnHistory) return { refusal: unprocessable('when restoring to own history preserve_under_name is required') }
    if (children.length > 0) return { refusal: unprocessable('branch has children, preserve_under_name is required') }
    if (target.isOriginalRoot) return { refusal: unknown('a restore that would drop the original root of its project') }
    return { targetParentId: source.id, movedChildren: [] }
  }
  if (branches.some((it) => it.name === preserveUnderName)) return { refusal: branchExists(preserveUnderName) }
  if (branches.length >= limits.branches) return { refusal: limitExceeded('BRANCHES', limits.branches) }
  const roots = branches.filter((it) => it.parentId === undefined).length
  // A root restored to its own history stays one beside the preserved one; else the preserved one takes its place.
  if (isOwnHistory && roots >= limits.rootBranches) {
    return { refusal: limitExceeded('ROOT_BRANCHES', limits.rootBranches) }
  }
  return {
    preserved: {
      name: preserveUnderName,
      parentId: target.parentId,
      isOriginalRoot: target.isOriginalRoot && !isOwnHistory,
    },
    targetParentId: isOwnHistory ? undefined : source.id,
    movedChildren: children.map((it) => it.id),
  }
}

/** Says what kind of branch never expires; undefined where it may. */
function whyNeverExpires(branches: readonly LineageBranch[], branch: LineageBranch): string | undefined {
  if (branch.isDefault) return 'default branch'
  if (branch.isProtected) return 'protected branch'
  return childrenOf(branches, branch.id).length > 0 ? 'branch that has children' : undefined
}

function childrenOf(branches: readonly LineageBranch[], id: string): readonly LineageBranch[] {
  return branches.filter((it) => it.parentId === id)
}

function find(branches: readonly LineageBranch[], id: string): LineageBranch {
  const branch = branches.find((it) => it.id === id)
  if (!branch) throw new Error(`There is no branch ${id}.`)
  return branch
}
