import type { LineageBranch } from './lineage.ts'
import type { Branch, Project } from './model.ts'

/** What the rules of lineage look at. */
export function lineageOf({ branches }: Project): readonly LineageBranch[] {
  return [...branches.values()].map((branch: Branch) => ({
    id: branch.id,
    name: branch.name,
    parentId: branch.parentId,
    isDefault: branch.isDefault,
    isOriginalRoot: branch.isOriginalRoot,
    isProtected: branch.isProtected,
    isExpiring: branch.expiresAt !== undefined,
    isReady: branch.state === 'ready',
  }))
}
