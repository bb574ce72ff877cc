import type { RolloutStatus } from './rollout.ts'
import type { Tags } from './tenant.ts'
import type { TenantState } from './tenant-state.ts'

/** Counts of the whole fleet, from the catalog alone. */
export interface FleetStatus {
  readonly fleet: string
  readonly provider: string
  readonly tenants: number
  readonly servers: readonly { readonly server: string; readonly tenants: number }[]
  /** Deleted ones are not counted. */
  readonly states: Readonly<Record<Exclude<TenantState, 'deleted'>, number>>
  /** Ready tenants by version, the newest version first. */
  readonly versions: readonly {
    readonly version: string | null
    readonly tenants: number
    /** How many migrations of the folder it lacks; null: the version is not in the folder. */
    readonly behind: number | null
  }[]
  readonly pinned: number
  /** The version that rollouts have released; null: none yet. */
  readonly released: string | null
  /** The version that new tenants get: what is released, or the newest file, as far as no undo has taken it back. */
  readonly newTenantsGet: string | null
  /** The newest migration in the folder. */
  readonly newest: string | null
  /** Migrations in the folder that some ready tenant lacks, by name. */
  readonly pending: readonly {
    readonly name: string
    readonly tenants: number
    /** An undo has taken it back. */
    readonly withdrawn: boolean
  }[]
  /** The active rollout, else the last one. */
  readonly rollout: RolloutStatus | null
}

/** The answer of `fleet check --at-least`. */
export interface CheckResult {
  readonly atLeast: string
  /** Ready tenants, pinned included. */
  readonly tenants: number
  /** Tenants that lack the migration by the catalog. */
  readonly behind: number
  readonly examples: readonly string[]
  /** Tenants whose own history was read, and those among them where the catalog was wrong. */
  readonly verified: number
  readonly corrected: readonly string[]
  /** Tenants of the sample that could not be read: then the answer is no. */
  readonly unreachable: readonly string[]
  readonly ok: boolean
}

/** A database to adopt: reached by a URL, or found on a server of the provider. */
export type AdoptionCandidate = { readonly id: string; readonly tags?: Tags } & (
  | { readonly url: string }
  | { readonly server: string; readonly database: string; readonly databaseId?: string }
)

/** What became of one database offered for adoption. */
export interface AdoptionResult {
  readonly id: string
  readonly verdict: 'adopted' | 'would-adopt' | 'refused'
  readonly version: string | null
  /** Why it was refused. */
  readonly reason: string | null
}
