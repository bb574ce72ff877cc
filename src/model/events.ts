import type { RehearsalOutcome, RolloutEstimate } from './rehearsal.ts'
import type { RehearsalState } from './rehearsal-state.ts'
import type { FailureGroup } from './rollout.ts'
import type { PauseReason, RolloutOutcome, RolloutState } from './rollout-state.ts'

/** Why a tenant goes back to pending without a result. */
export type ReleaseReason = 'busy' | 'error'

/** What happens during a rollout. Public: JSON output, renderers and tests read it. */
export type RolloutEvent = { readonly at: string; readonly rolloutId: string } & (
  | {
      readonly type: 'rollout.started'
      readonly target: string | null
      /** The rollout that this one takes back. */
      readonly undoes?: string
      readonly digest: string
      readonly tenants: number /** Came after the plan was made. */
      readonly joiners: number /** Were in the plan, and are not to be migrated any more. */
      readonly dropped: number
    }
  | { readonly type: 'rollout.resumed'; readonly driver: string; readonly takenOverFrom: string | null }
  | { readonly type: 'rollout.waiting'; readonly reason: string }
  | { readonly type: 'wave.started'; readonly wave: string }
  | { readonly type: 'wave.finished'; readonly wave: string; readonly failed: number }
  | { readonly type: 'tenant.started'; readonly wave: string; readonly tenantId: string; readonly attempt: number }
  | {
      readonly type: 'tenant.succeeded'
      readonly wave: string
      readonly tenantId: string
      readonly attempt: number
      readonly version: string | null
      readonly ms: number
    }
  | {
      readonly type: 'tenant.released'
      readonly wave: string
      readonly tenantId: string
      readonly attempt: number
      readonly reason: ReleaseReason
      readonly sqlstate: string | null
      readonly message: string
      readonly retryInMs: number
    }
  | {
      readonly type: 'tenant.failed'
      readonly wave: string
      readonly tenantId: string
      readonly attempt: number
      readonly migration: string | null
      readonly sqlstate: string | null
      readonly message: string
    }
  | { readonly type: 'tenant.restore-point'; readonly tenantId: string; readonly restorePoint: string }
  | {
      readonly type: 'tenant.restored'
      readonly tenantId: string
      readonly restorePoint: string
      /** The state before, as a restore point of its own. */
      readonly kept: string
      /** Whether the tenant has another address now. */
      readonly endpointChanged: boolean
    }
  | {
      readonly type: 'migration.proven'
      readonly migration: string
      /** How many tenants ran it live first. */
      readonly tenants: number
    }
  | {
      readonly type: 'migration.deviated'
      readonly migration: string
      readonly tenantId: string
      /** The first difference between what is recorded and what the tenant was sent. */
      readonly deviation: string
    }
  | { readonly type: 'server.paused'; readonly server: string; readonly sqlstate: string; readonly message: string }
  | { readonly type: 'rollout.paused'; readonly reason: PauseReason; readonly note: string }
  | {
      readonly type: 'rollout.finished'
      readonly state: RolloutState
      readonly outcome: RolloutOutcome | null
      readonly pauseReason: PauseReason | null
      readonly succeeded: number
      readonly failed: number
      readonly skipped: number
      readonly pending: number
      readonly failures: readonly FailureGroup[]
    }
)

/** What happens outside rollouts, for progress displays. */
export type ProvisioningEvent = { readonly at: string } & (
  | { readonly type: 'template.building'; readonly server: string; readonly version: string | null }
  | { readonly type: 'template.built'; readonly server: string; readonly version: string | null; readonly ms: number }
  | { readonly type: 'tenant.created'; readonly tenantId: string; readonly version: string | null; readonly ms: number }
  | { readonly type: 'tenant.deleted'; readonly tenantId: string; readonly recoverableUntil: string | null }
  | {
      readonly type: 'tenant.refreshed'
      readonly tenantId: string
      readonly version: string | null
      readonly changed: boolean
    }
)

/** What happens while a plan is rehearsed on branches. */
export type RehearsalEvent = { readonly at: string } & (
  | { readonly type: 'rehearsal.started'; readonly rehearsalId: string; readonly tenants: number }
  | {
      readonly type: 'rehearsal.tenant-started'
      readonly rehearsalId: string
      readonly tenantId: string
      /** From 1. */
      readonly number: number
      readonly of: number
      /** What is copied: the restore point's id, or null: the tenant itself, which is closed meanwhile. */
      readonly from: string | null
    }
  | {
      readonly type: 'rehearsal.tenant-copied'
      readonly rehearsalId: string
      readonly tenantId: string
      readonly bytes: number
      readonly ms: number
    }
  | {
      readonly type: 'rehearsal.migrated'
      readonly rehearsalId: string
      readonly tenantId: string
      /** One, or all that shared a transaction. */
      readonly migrations: readonly string[]
      readonly ms: number
    }
  | {
      readonly type: 'rehearsal.tenant-finished'
      readonly rehearsalId: string
      readonly tenantId: string
      readonly outcome: RehearsalOutcome
      readonly message: string | null
    }
  | {
      readonly type: 'rehearsal.finished'
      readonly rehearsalId: string
      readonly state: RehearsalState
      readonly failures: readonly FailureGroup[]
      readonly estimate: RolloutEstimate | null
    }
)

/** Each of these events without what whoever tells of them adds. */
export type Unstamped<E, Stamp extends string> = E extends unknown ? Omit<E, Stamp> : never

export type FleetEvent = RolloutEvent | ProvisioningEvent | RehearsalEvent
