/** What a database or role was made for. `kept-state`: it was a tenant's until a restore put another in its place. */
export type MarkKind = 'catalog' | 'template' | 'tenant' | 'scratch' | 'restore-point' | 'kept-state' | 'rehearsal'

/**
 * Our mark, kept as the comment of a database or role: nothing without it is ever deleted.
 * It holds the fleet's name and the id of its catalog, so that two fleets on one server cannot be mixed up.
 */
export interface Mark {
  readonly fleet: string
  readonly catalogId: string
  readonly kind: MarkKind
  /** Names the thing within its kind: a tenant id, a template's key, a restore point's id, or that of a branch
   * of a rehearsal. */
  readonly key: string
}

const PREFIX = 'kysely-fleet '

/** Writes a mark as the text of a COMMENT. */
export function formatMark(mark: Mark): string {
  return PREFIX + JSON.stringify({ fleet: mark.fleet, catalog: mark.catalogId, kind: mark.kind, key: mark.key })
}

/** Reads a mark from a COMMENT; undefined when it is not one of ours. */
export function parseMark(comment: string | null): Mark | undefined {
  if (!comment?.startsWith(PREFIX)) return undefined
  try {
    const { fleet, catalog, kind, key } = JSON.parse(comment.slice(PREFIX.length))
    return typeof fleet === 'string' && typeof catalog === 'string'
      ? { fleet, catalogId: catalog, kind, key }
      : undefined
  } catch {
    return undefined
  }
}

/** Says whether two marks name the same thing of the same fleet. */
export function sameMark(a: Mark | undefined, b: Mark): boolean {
  return a !== undefined && formatMark(a) === formatMark(b)
}
