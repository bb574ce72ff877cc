/** What parents and children depend on. */
export interface Link {
  readonly id: string
  /** Null: a root. */
  readonly parentId: string | null
}

/**
 * Returns all that there is of a tenant: from the first of its ancestors that `isOfTenant` up to all that hang under that, in an
 * order in which Neon deletes them, children before their parents. A restore makes the tenant a child of what it was before.
 */
export function lineageOf<T extends Link>(branches: readonly T[], tenant: T, isOfTenant: (branch: T) => boolean): T[] {
  let first = tenant
  for (;;) {
    const parent = branches.find(({ id }) => id === first.parentId)
    if (parent === undefined || !isOfTenant(parent)) return childrenFirst(branches, first)
    first = parent
  }
}

/** Returns what a branch hangs under, up to a root. */
export function ancestorsOf<T extends Link>(branches: readonly T[], { parentId }: Pick<Link, 'parentId'>): T[] {
  const parent = branches.find(({ id }) => id === parentId)
  return parent === undefined ? [] : [parent, ...ancestorsOf(branches, parent)]
}

/** Returns a branch after all that hang under it. */
export function childrenFirst<T extends Link>(branches: readonly T[], branch: T): T[] {
  const children = branches.filter(({ parentId }) => parentId === branch.id)
  return [...children.flatMap((child) => childrenFirst(branches, child)), branch]
}
