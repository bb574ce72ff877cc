import { FleetError } from '../../model/errors.ts'
import type { Mark, MarkKind } from '../../model/mark.ts'
import type { NeonAnnotations, NeonBranch, NeonProject } from './neon-api.ts'

/** What has the fleet and the catalog in its name. */
type NamedKind = 'tenant' | 'template' | 'scratch'

/** Marks of what can be on Neon. */
export type NeonMark = Mark & { readonly kind: NamedKind | 'restore-point' | 'kept-state' | 'rehearsal' }

/** Whose something is. */
export type Owner = Pick<Mark, 'fleet' | 'catalogId'>

/** What a name says; it is no mark without the annotations. */
export type ParsedName =
  | (Owner & { readonly kind: NamedKind; readonly key: string })
  | { readonly kind: Exclude<NeonMark['kind'], NamedKind>; readonly key: string }

/** Of projects and of branches (the API's specification). */
const MOST_CHARACTERS = 256
/** Neither may hold what separates them. */
const KEY = /^[^/\s]+$/
const OWNED = /^fleet\/([^/\s]+)\/([^/\s]+)\/([^/\s]+)\/(db|template|scratch)$/
const OWNED_KINDS = { db: 'tenant', template: 'template', scratch: 'scratch' } as const
const SHARED = /^fleet\/[^/\s]+\/[^/\s]+\/tenants$/
const WITHIN = /^fleet\/(rp|undo|try)\/([^/\s]+)$/
const KINDS = { rp: 'restore-point', undo: 'kept-state', try: 'rehearsal' } as const

/**
 * Returns the name of the project or branch that a mark stands for: `fleet/<fleet>/<catalog id>/<tenant>/db` for a tenant, the
 * same with another end for a template or a scratch database, and within a project `fleet/rp/…` for a restore point,
 * `fleet/undo/…` for what a restore kept, `fleet/try/…` for a rehearsal.
 * @throws FleetError CONFIG_INVALID for a key that cannot be told from the rest of a name, or is too long
 */
export function neonName({ fleet, catalogId, kind, key }: Mark): string {
  const names: Partial<Record<MarkKind, string>> = {
    // Closed, so that a search for the name of `a`, which finds parts of names, does not find `ab`.
    tenant: `${prefixOf({ fleet, catalogId, key })}db`,
    template: `${prefixOf({ fleet, catalogId, key })}template`,
    scratch: `${prefixOf({ fleet, catalogId, key })}scratch`,
    'restore-point': `fleet/rp/${key}`,
    'kept-state': `fleet/undo/${key}`,
    rehearsal: `fleet/try/${key}`,
  }
  const name = names[kind]
  if (name === undefined) throw new FleetError('CONFIG_INVALID', `There is no ${kind} at Neon.`)
  if ([fleet, catalogId, key].every((part) => KEY.test(part)) && name.length <= MOST_CHARACTERS) return name
  throw new FleetError('CONFIG_INVALID', `The name "${name}" cannot be given to a project or branch of Neon.`, {
    remedy: `Use names without spaces and slashes; ${MOST_CHARACTERS} characters are allowed in all.`,
  })
}

/** What every name that we give begins with. */
export const OURS = 'fleet/'

/** Returns what the names of all tenants of a catalog begin with: what to search the projects for. */
export function ownerPrefix({ fleet, catalogId }: Owner): string {
  return `${OURS}${fleet}/${catalogId}/`
}

/** Returns the name of the project whose branches are the tenants of a catalog. */
export function sharedProjectName(owner: Owner): string {
  return `${ownerPrefix(owner)}tenants`
}

/** Says whether a project of this name is one whose branches are tenants. */
export function isSharedProjectName(name: string): boolean {
  return SHARED.test(name)
}

/**
 * Returns what a branch is called until it is what its mark says: the same for all who make it, or, with a try, another for each.
 */
export function unfinishedName(mark: Mark, attempt?: string): string {
  return `${unfinishedPrefix(mark)}${attempt ?? mark.kind}`
}

/** Returns what the names of all begin with that were never finished of something that has its fleet and catalog in its name. */
export function unfinishedPrefix(mark: Mark): string {
  return `${prefixOf(mark)}unfinished-`
}

function prefixOf(mark: Pick<Mark, 'fleet' | 'catalogId' | 'key'>): string {
  return `${ownerPrefix(mark)}${mark.key}/`
}

/** Reads a name that we could have given; undefined: it is somebody else's. */
export function parseNeonName(name: string): ParsedName | undefined {
  const [, fleet, catalogId, owned, end] = OWNED.exec(name) ?? []
  if (fleet && catalogId && owned)
    return { kind: OWNED_KINDS[end as keyof typeof OWNED_KINDS], fleet, catalogId, key: owned }
  const [, kind, key] = WITHIN.exec(name) ?? []
  return kind && key ? { kind: KINDS[kind as keyof typeof KINDS], key } : undefined
}

/** Writes the half of a mark that a branch carries beside its name. */
export function ownerAnnotations({ fleet, catalogId }: Owner): NeonAnnotations {
  return { fleet, catalog: catalogId }
}

/** Reads the mark of a branch: of its name and its annotations, which must agree. Undefined: it is not ours. */
export function branchMark({ name, annotations }: Pick<NeonBranch, 'name' | 'annotations'>): NeonMark | undefined {
  const parsed = parseNeonName(name)
  const owner = annotatedOwner(annotations)
  if (parsed === undefined || owner === undefined) return undefined
  return !('fleet' in parsed) || sameOwner(parsed, owner) ? { ...owner, kind: parsed.kind, key: parsed.key } : undefined
}

/**
 * Says whether a project is the one of this name and owner: by its name, and by the annotations of any of its branches, which
 * must agree. Not those of the default branch alone: whether a restore leaves them there, or moves them with what it keeps, is
 * not known.
 */
export function isProjectOf(
  { name, owner }: { readonly name: string; readonly owner: Owner },
  project: Pick<NeonProject, 'name'>,
  branches: readonly Pick<NeonBranch, 'annotations'>[],
): boolean {
  const owners = branches.flatMap(({ annotations }) => annotatedOwner(annotations) ?? [])
  return project.name === name && owners.length > 0 && owners.every((it) => sameOwner(it, owner))
}

/** Returns whose a branch is by its annotations alone; undefined: nobody's that we know. */
export function annotatedOwner(annotations: NeonAnnotations | null): Owner | undefined {
  const { fleet, catalog } = annotations ?? {}
  return fleet && catalog ? { fleet, catalogId: catalog } : undefined
}

/** Says whether two are the same fleet and catalog. */
export function sameOwner(a: Owner, b: Owner): boolean {
  return a.fleet === b.fleet && a.catalogId === b.catalogId
}
