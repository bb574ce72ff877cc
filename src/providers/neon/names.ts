import { FleetError } from '../../model/errors.ts'
import type { Mark, MarkKind } from '../../model/mark.ts'
import type { NeonAnnotations, NeonBranch, NeonProject } from './neon-api.ts'

/** Marks of what can be on Neon. */
export type NeonMark = Mark & { readonly kind: 'tenant' | 'restore-point' | 'kept-state' | 'rehearsal' }

/** Whose something is. */
export type Owner = Pick<Mark, 'fleet' | 'catalogId'>

/** What a name says; it is no mark without the annotations. */
export type ParsedName =
  | (Owner & { readonly kind: 'tenant'; readonly key: string })
  | { readonly kind: Exclude<NeonMark['kind'], 'tenant'>; readonly key: string }

/** Of projects and of branches (the API's specification). */
const MOST_CHARACTERS = 256
/** Neither may hold what separates them. */
const KEY = /^[^/\s]+$/
const TENANT = /^fleet\/([^/\s]+)\/([^/\s]+)\/([^/\s]+)\/db$/
const WITHIN = /^fleet\/(rp|undo|try)\/([^/\s]+)$/
const KINDS = { rp: 'restore-point', undo: 'kept-state', try: 'rehearsal' } as const

/**
 * Returns the name of the project or branch that a mark stands for: `fleet/<fleet>/<catalog id>/<tenant>/db` for a tenant, and
 * within its project `fleet/rp/…` for a restore point, `fleet/undo/…` for what a restore kept, `fleet/try/…` for a rehearsal.
 * @throws FleetError CONFIG_INVALID for a key that cannot be told from the rest of a name, or is too long
 */
export function neonName({ fleet, catalogId, kind, key }: Mark): string {
  const names: Partial<Record<MarkKind, string>> = {
    // Closed, so that a search for the name of `a`, which finds parts of names, does not find `ab`.
    tenant: `${ownerPrefix({ fleet, catalogId })}${key}/db`,
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

/** Returns what the names of all tenants of a catalog begin with: what to search the projects for. */
export function ownerPrefix({ fleet, catalogId }: Owner): string {
  return `fleet/${fleet}/${catalogId}/`
}

/** Reads a name that we could have given; undefined: it is somebody else's. */
export function parseNeonName(name: string): ParsedName | undefined {
  const [, fleet, catalogId, tenant] = TENANT.exec(name) ?? []
  if (fleet && catalogId && tenant) return { kind: 'tenant', fleet, catalogId, key: tenant }
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
  return parsed.kind !== 'tenant' || sameOwner(parsed, owner)
    ? { ...owner, kind: parsed.kind, key: parsed.key }
    : undefined
}

/**
 * Reads the mark of a tenant's project: its name, and the annotations of any of its branches, which must agree. Not those of
 * the default branch alone: whether a restore leaves them there, or moves them with what it keeps, is not known.
 * Undefined: it is not ours.
 */
export function projectMark(
  { name }: Pick<NeonProject, 'name'>,
  branches: readonly Pick<NeonBranch, 'annotations'>[],
): NeonMark | undefined {
  const parsed = parseNeonName(name)
  if (parsed?.kind !== 'tenant') return undefined
  const owners = branches.flatMap(({ annotations }) => annotatedOwner(annotations) ?? [])
  return owners.length > 0 && owners.every((owner) => sameOwner(owner, parsed)) ? parsed : undefined
}

function annotatedOwner(annotations: NeonAnnotations | null): Owner | undefined {
  const { fleet, catalog } = annotations ?? {}
  return fleet && catalog ? { fleet, catalogId: catalog } : undefined
}

function sameOwner(a: Owner, b: Owner): boolean {
  return a.fleet === b.fleet && a.catalogId === b.catalogId
}
