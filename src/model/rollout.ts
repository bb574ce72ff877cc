import type { MigrationAssessment } from './assessment.ts'
import type { RestorePointCost } from './restore-point-cost.ts'
import type { PauseReason, RolloutDirection, RolloutOutcome, RolloutState } from './rollout-state.ts'
import type { ServiceCost } from './service-cost.ts'
import type { Tags } from './tenant.ts'
import type { TenantRunState } from './tenant-run-state.ts'

/** Which tenants a rollout is about. Empty lists and no tags: all of them. */
export interface RolloutScope {
  readonly tenants: readonly string[]
  readonly skipTenants: readonly string[]
  readonly tags: Tags
  readonly waves: readonly string[]
}

export type FailureMode = 'strict' | 'soft'

/**
 * What becomes of a tenant that failed: `halt` leaves it as the failure left it, `restore` returns it to its restore point at
 * once, if the failure left something behind and nobody wrote to it meanwhile.
 */
export type OnFailure = 'halt' | 'restore'

/** Which tenants get a restore point before their first migration: those with a risky one to come, all, or none. */
export type RestorePointPolicy = 'risky' | 'always' | 'never'

/** `per-migration`: each in a transaction of its own. `per-run`: all that a tenant lacks share one, as in Kysely's Migrator. */
export type TransactionMode = 'per-migration' | 'per-run'

/** How a rollout behaves, frozen when it is planned. Times are in milliseconds. */
export interface RolloutPolicy {
  /** Most tenants at once, in total; a wave may have less. */
  readonly concurrency: number
  /** Most tenants at once on one server. */
  readonly perServer: number
  readonly failureMode: FailureMode
  /** Tries per tenant before an error counts as a failure. */
  readonly attempts: number
  readonly transactionMode: TransactionMode
  /** Whether static migrations are sent as they were recorded; else all run live. */
  readonly replay: boolean
  /** How many tenants run a recorded migration live before it is sent as recorded. */
  readonly proof: number
  readonly restorePoints: RestorePointPolicy
  readonly lockTimeout: number
  readonly statementTimeout: number
  readonly concurrentTimeout: number
}

/** A migration that some tenant in scope has not. */
export interface PlannedMigration {
  readonly name: string
  readonly file: string
  readonly checksum: string
  readonly transaction: boolean
  /** How many tenants in scope will run it. */
  readonly tenants: number
  /** Whether it sends other SQL than when tenants applied it, from the same file: Kysely was upgraded, say. */
  readonly recompiled: boolean
  readonly assessment: MigrationAssessment
}

/** Tenants that start from the same history, and so get the same migrations. */
export interface PlannedVersion {
  readonly version: string | null
  readonly history: readonly string[]
  readonly pending: readonly string[]
  readonly tenants: number
}

/** A wave with everything resolved to numbers. */
export interface PlannedWave {
  readonly name: string
  readonly tenants: number
  /** As configured. */
  readonly concurrency: number
  readonly maxFailures: number
  /** How many really run at once at its start, after the failure mode had its say. */
  readonly atOnce: number
  readonly onFailure: OnFailure
}

/** Why a tenant cannot return to what it had before a rollout, as people read it. */
export const STRANDED = {
  'no-restore-point': 'no restore point was taken of it',
  'restore-point-used': 'its restore point was returned to already',
  'restore-point-expired': 'its restore point has expired',
} as const
export type StrandedReason = keyof typeof STRANDED

/** A tenant that an undo cannot take back. */
export interface StrandedTenant {
  readonly id: string
  readonly why: StrandedReason
}

/** Tenants that had the same migrations before a rollout and have the same now, each in order. */
export interface ReturnRoute {
  readonly from: readonly string[]
  readonly history: readonly string[]
}

/** A migration whose `down` tenants are sent. */
export interface PlannedDown {
  readonly name: string
  readonly file: string
  /** SHA-256 over the recorded statements of its `down`, in hex. */
  readonly sqlChecksum: string
}

/** What of an undo is done by `down` migrations: where they lose nothing, and neither did what they take back. */
export interface DownPlan {
  /** Whose tenants go back by `down`; the others return to their restore points. */
  readonly routes: readonly ReturnRoute[]
  readonly migrations: readonly PlannedDown[]
  /** Migrations that are not taken back by `down`, and why: `its file has no down`. */
  readonly refusals: readonly { readonly migration: string; readonly why: string }[]
}

/** What an undo would do besides returning tenants to their restore points. */
export interface UndoPlan {
  /** The rollout that it takes back: `r7`. */
  readonly of: string
  /** Later rollouts that changed some of the same tenants: there, their work is taken back as well. */
  readonly later: readonly string[]
  /** Migrations that no plan takes from then on, until their file changes. */
  readonly withdraws: readonly string[]
  /** Migrations that plans may take again: what is undone is an undo. */
  readonly readmits: readonly string[]
  /** What new tenants get now, and from then on; null: that stays. */
  readonly releases: { readonly from: string | null; readonly to: string | null } | null
  /** Tenants that stay as they are because there is nothing that they can return to. */
  readonly stranded: number
  readonly strandedExamples: readonly StrandedTenant[]
  /** Tenants that have these migrations from elsewhere, from their template mostly: they stay as they are. */
  readonly beyond: number
  /** Whether a tenant is taken back although rows were written to it since, or nobody can tell. */
  readonly acceptDataLoss: boolean
  /** Where the rows that would be lost are written, a folder per tenant; null: nowhere. */
  readonly salvage: string | null
  /** Null: `down` migrations were not preferred. */
  readonly down: DownPlan | null
  /** How many of the tenants go back by `down`. */
  readonly byDown: number
}

/** What a rollout would do. `digest` names it: migrations, policy, waves, scope, and the starting versions with the plan for each. */
export interface RolloutPlan {
  readonly digest: string
  readonly target: string | null
  readonly migrations: readonly PlannedMigration[]
  readonly versions: readonly PlannedVersion[]
  readonly waves: readonly PlannedWave[]
  readonly scope: RolloutScope
  readonly policy: RolloutPolicy
  /** Tenants that would be migrated. */
  readonly tenants: number
  /** Migrations that would be due and were withdrawn by an undo, and what comes after them in the order of the files. */
  readonly withdrawn?: readonly string[]
  /** Of a rollout that takes another one back. */
  readonly undo?: UndoPlan
  /** Left out: it takes no restore points. */
  readonly restorePointCost?: RestorePointCost
  /** What it takes of a provider that is a service; left out: there is none, or it is not known. */
  readonly serviceCost?: ServiceCost
  /** Why that is not known; left out: it is, or there is no such provider. */
  readonly serviceCostUnknown?: string
  /** Whether its completion says what new tenants get: it is about every tenant that is not pinned. */
  readonly releases: boolean
  readonly skipped: {
    /** At the target already. */
    readonly current: number
    /** No wave takes them. */
    readonly unmatched: number
    readonly pinned: number
    /** A few of the pinned, with the reason. */
    readonly pinnedExamples: readonly { readonly id: string; readonly reason: string }[]
    /** Not ready: being created or deleted, or failed. */
    readonly notReady: number
  }
}

export type TenantRunCounts = Readonly<Record<TenantRunState, number>>

export interface WaveProgress {
  readonly name: string
  readonly position: number
  readonly counts: TenantRunCounts
  readonly concurrency: number
  readonly maxFailures: number
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** One row of `rollout list`. */
export interface RolloutSummary {
  /** As printed and typed: `r7`. */
  readonly id: string
  readonly state: RolloutState
  readonly pauseReason: PauseReason | null
  /** What led to the pause, in a sentence. */
  readonly pauseNote: string | null
  readonly outcome: RolloutOutcome | null
  readonly direction: RolloutDirection
  /** The rollout that this one takes back. */
  readonly undoes: string | null
  readonly target: string | null
  readonly digest: string
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** Failures that have the same cause. */
export interface FailureGroup {
  readonly migration: string | null
  readonly sqlstate: string | null
  readonly message: string
  readonly count: number
  /** One tenant that failed so. */
  readonly example: string
}

/** Who drives a rollout, and when it was last heard of. */
export interface DriverStatus {
  readonly name: string
  readonly heartbeatAt: Date
  /** Heard of within the last 20 s. */
  readonly alive: boolean
}

export interface RolloutStatus extends RolloutSummary {
  /** The last rollout that takes this one back, whatever became of it. */
  readonly undoneBy: string | null
  readonly waves: readonly WaveProgress[]
  readonly failures: readonly FailureGroup[]
  readonly driver: DriverStatus | null
  readonly plan: RolloutPlan
}

export interface TenantRun {
  readonly tenantId: string
  readonly wave: string
  readonly state: TenantRunState
  /** How often it was claimed. */
  readonly attempt: number
  readonly migration: string | null
  readonly sqlstate: string | null
  readonly message: string | null
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** Name of the wave of tenants that came after the plan; always the last. */
export const JOINERS = 'joiners'

/** Says whether a tenant that comes later is in scope; one limited to waves is about those that were there. */
export function isInScope(scope: RolloutScope, tenant: { readonly id: string; readonly tags: Tags }): boolean {
  return (
    (scope.tenants.length === 0 || scope.tenants.includes(tenant.id)) &&
    !scope.skipTenants.includes(tenant.id) &&
    scope.waves.length === 0 &&
    Object.entries(scope.tags).every(([key, value]) => tenant.tags[key] === value)
  )
}
