import type { LockMode } from './finding.ts'
import type { RehearsalState } from './rehearsal-state.ts'
import type { FailureGroup } from './rollout.ts'

/** Why a tenant is in the sample: the largest, the oldest, one of a starting version, or by lot. */
export type SampleReason = 'largest' | 'oldest' | 'version' | 'random'

/** `unknown`: something stood in the way that says nothing about the migrations. */
export type RehearsalOutcome = 'passed' | 'failed' | 'unknown'

/** What a branch is copied from. */
export type BranchSource =
  | { readonly kind: 'restore-point'; readonly id: string; readonly readyAt: Date | null }
  /** The tenant itself: it is closed to its clients for `estimatedMs` or so; 0: it stays in use. */
  | { readonly kind: 'tenant'; readonly estimatedMs: number }

/** A tenant that is going to be rehearsed. */
export interface SampledTenant {
  readonly tenantId: string
  readonly reason: SampleReason
  readonly version: string | null
  /** Names of its migrations, in order. */
  readonly history: readonly string[]
  readonly source: BranchSource
  /** Of its database, or of the restore point's. */
  readonly bytes: number
}

/** A lock that keeps others from reading or writing a table. */
export interface HeldLock {
  /** Qualified, as people write it. */
  readonly table: string
  /** The strongest that was seen. */
  readonly mode: LockMode
  /** At most, the longest time without a break, in milliseconds. */
  readonly ms: number
}

/** What a migration, or all that shared a transaction, did to one branch. */
export interface RehearsedStep {
  readonly migrations: readonly string[]
  /** From the connection on until all was committed, or until it failed. */
  readonly ms: number
  readonly locks: readonly HeldLock[]
  /** How much the database has grown; negative: it has shrunk. */
  readonly grownBytes: number
}

export interface RehearsedTenant extends SampledTenant {
  readonly outcome: RehearsalOutcome
  /** How long copying took; null: it did not come to that. */
  readonly copyMs: number | null
  /** How long nobody could be in the tenant for it. */
  readonly closedMs: number
  /** How long connecting to the branch took. */
  readonly connectMs: number
  /** Migrations that the restore point lacked and the tenant has: they were applied first, and not measured. */
  readonly caughtUp: readonly string[]
  readonly steps: readonly RehearsedStep[]
  /** What it failed on, or what stood in the way; null: it passed. */
  readonly problem: {
    readonly migration: string | null
    readonly sqlstate: string | null
    readonly message: string
  } | null
  /** In what the branch was unlike the tenant, in a sentence each. */
  readonly notes: readonly string[]
}

/** How long the rollout is expected to take, from what was measured. Times are in milliseconds. */
export interface RolloutEstimate {
  readonly ms: number
  /** 95 % confidence interval for the mean of what was measured (Student's t), carried over to the whole; null: too few tenants. */
  readonly interval: { readonly lowMs: number; readonly highMs: number } | null
  /** Per tenant, on average over the plan: migrations and, where it takes one, the restore point. */
  readonly tenantMs: number
  /** How many tenants it is told from. */
  readonly measured: number
}

/** How many tenants of the plan could not be in the sample, and why. */
export interface NotRehearsable {
  /** They have no restore point, and nobody allowed to close them. */
  readonly withoutRestorePoint: number
  /** They are reached by a URL of their own: nothing can be made on their server. */
  readonly elsewhere: number
}

/** What a rehearsal found out. */
export interface RehearsalReport {
  readonly tenants: readonly RehearsedTenant[]
  readonly leftOut: NotRehearsable
  /** Starting versions of the plan that no rehearsed tenant had. */
  readonly versionsLeftOut: readonly (string | null)[]
  readonly failures: readonly FailureGroup[]
  /** Null: no tenant came to the end. */
  readonly estimate: RolloutEstimate | null
}

export interface Rehearsal extends RehearsalReport {
  /** As printed: `h7`. */
  readonly id: string
  readonly state: RehearsalState
  /** Of the plan. */
  readonly digest: string
}
