import type { MarkKind } from './mark.ts'

/**
 * `would-remove`: it may go; nothing was changed. `removed`. `refused`: it was to go, and did not; `why` is the reason.
 * `left`: no sweep removes it; `remedy` is what a person can do.
 */
export type SweepVerdict = 'would-remove' | 'removed' | 'refused' | 'left'

/** Something on a server without its record in the catalog, or a record without what it names. */
export interface SweepFinding {
  /** `database`, `role`: it carries this fleet's mark, and no record owns it. `record`: its database is gone. */
  readonly subject: 'database' | 'role' | 'record'
  readonly server: string
  /** Name of the database; of a login role, which is named like the database that it belonged to. */
  readonly database: string
  readonly kind: MarkKind
  /** Tenant id, template key, or restore point id, by its mark or its record. */
  readonly key: string
  /** Of a database; null where there is none, or its size may not be read. */
  readonly bytes: number | null
  readonly verdict: SweepVerdict
  /** In a sentence. */
  readonly why: string
  /** What a person can do; null where there is nothing more to do. */
  readonly remedy: string | null
}
