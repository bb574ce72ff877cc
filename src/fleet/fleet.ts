import type { TenantFilter } from '../catalog/tenants.ts'
import type { MigrationAssessment } from '../model/assessment.ts'
import type { Diagnosis } from '../model/diagnosis.ts'
import type { FleetEvent } from '../model/events.ts'
import type { AdoptionCandidate, AdoptionResult, CheckResult, FleetStatus } from '../model/fleet-status.ts'
import type { Rehearsal, SampledTenant } from '../model/rehearsal.ts'
import type {
  RestorePlan,
  RestorePoint,
  RestoreResult,
  RestoreTenantOptions,
  Salvage,
  SalvageRecord,
} from '../model/restore-point.ts'
import type {
  RestorePointPolicy,
  RolloutPlan,
  RolloutScope,
  RolloutStatus,
  RolloutSummary,
  TenantRun,
} from '../model/rollout.ts'
import type { SweepFinding } from '../model/sweep.ts'
import type { DeletedTenant, NewTenant, Tenant } from '../model/tenant.ts'
import type { TenantRunState } from '../model/tenant-run-state.ts'
import type { RefreshResult } from '../provisioning/refresh-tenants.ts'
import type { LintedMigration } from './lint.ts'

export type { AdoptionCandidate, Diagnosis, NewTenant, RestoreTenantOptions, TenantFilter }

export interface PlanOptions {
  /** Name of the last migration to apply; left out: the newest file. */
  readonly to?: string
  /** Take also what an undo has withdrawn and whose file is still the same. */
  readonly again?: boolean
  readonly scope?: Partial<RolloutScope>
  readonly concurrency?: number
  /** Overrides every wave's: `3` or `'5%'`. */
  readonly maxFailures?: number | string
  /** False: all migrations run live, statement by statement through Kysely. Default true. */
  readonly replay?: boolean
  /** Which tenants get a restore point before their first migration, instead of `restorePoints.take`. */
  readonly takeRestorePoints?: RestorePointPolicy
  /** Read the history of this many tenants, or of all, before planning; corrects the catalog. */
  readonly verify?: number | 'all'
  /** How many tenants it is to be rehearsed on: what that takes of a provider's service is in the plan. */
  readonly rehearse?: number
}

export interface StartOptions extends PlanOptions {
  /** Refuse when the plan's digest is another one; 8 hex digits or more. */
  readonly digest?: string
  /** Start also what failed when it was rehearsed, what the disk may not hold, and what the service could not take back. */
  readonly force?: boolean
  /** Abort the rollout that is active, then start. */
  readonly supersede?: boolean
  /** Aborting it lets tenants in flight finish, then pauses. */
  readonly signal?: AbortSignal
}

export interface RehearseOptions extends PlanOptions {
  /** How many tenants are tried, at most; 100 or less. */
  readonly tenants: number
  /** Refuse when the plan's digest is another one, or does not begin so. */
  readonly digest?: string
  /** Copy tenants themselves where they have no restore point: they are closed to their clients meanwhile. */
  readonly closesTenants?: boolean
  /** Asked before anything is copied; false: leave it at that. Default: go on. */
  readonly confirm?: (sample: readonly SampledTenant[]) => Promise<boolean>
  /** Aborting it ends the rehearsal and drops its branch. */
  readonly signal?: AbortSignal
}

/** A plan, and what became of it on copies; null: there is nothing to do. */
export interface RehearsedPlan {
  readonly plan: RolloutPlan
  readonly rehearsal: Rehearsal | null
}

export interface DriveOptions {
  /** Aborting it lets tenants in flight finish, then pauses. */
  readonly signal?: AbortSignal
  /** Lets more tenants of each wave fail from now on: `3` or `'5%'`. */
  readonly maxFailures?: number | string
}

export interface UndoOptions {
  /** Also take back what later rollouts did to the same tenants; otherwise that is refused. */
  readonly withLater?: boolean
  /** Take a tenant back although rows were written to it since, or nobody can tell: they will only be in what is kept. */
  readonly acceptDataLoss?: boolean
  /**
   * A folder in which each tenant gets one for the rows that only the state before has. Where they are all that would be
   * lost, the tenant is not refused for them.
   */
  readonly salvage?: string
  /**
   * `down`: take tenants back by the `down` of their migrations where neither that nor the migrations themselves lose anything;
   * what was written since stays. The other tenants return to their restore points.
   */
  readonly prefer?: 'down'
  /** Default: that of the rollout. */
  readonly concurrency?: number
  /** Overrides every wave's: `3` or `'5%'`. */
  readonly maxFailures?: number | string
}

export interface StartUndoOptions extends UndoOptions {
  /** Refuse when the plan's digest is another one; 8 hex digits or more. */
  readonly digest?: string
  /** Abort another rollout that is active, then start. The rollout that is taken back is always aborted if it is not over. */
  readonly supersede?: boolean
  /** Aborting it lets tenants in flight finish, then pauses. */
  readonly signal?: AbortSignal
}

/** How a call that drives a rollout ended. `nothing-to-do`: every tenant in scope is at the target. */
export type DriveResult =
  | { readonly kind: 'nothing-to-do'; readonly plan: RolloutPlan }
  /** It rests: completed, paused, aborted, or another driver has taken it over (`taken-over`). */
  | { readonly kind: 'rested' | 'taken-over'; readonly status: RolloutStatus }

/** A migration as `migrate list` shows it. */
export interface MigrationInfo {
  readonly name: string
  /** Relative to the project; null when it is gone. */
  readonly file: string | null
  readonly checksum: string | null
  readonly transaction: boolean
  readonly reversible: boolean
  /** Ready tenants whose history has it, by the catalog. */
  readonly appliedBy: number
  /**
   * `edited`: tenants applied another content; `missing`: tenants applied it and the file is gone; `withdrawn`: an undo has
   * taken it back from all, and the file is still the same.
   */
  readonly state: 'pending' | 'withdrawn' | 'applied' | 'partly-applied' | 'edited' | 'missing'
}

export interface TenantDetail extends Tenant {
  readonly pending: readonly string[]
  readonly runs: readonly (TenantRun & { readonly rolloutId: string })[]
}

export interface TemplateInfo {
  readonly server: string
  readonly database: string
  readonly version: string | null
  readonly createdAt: Date
}

/**
 * A fleet: everything that the program does is a method here. Open it with `openFleet`, close it when done.
 *
 * @example
 * const fleet = await openFleet(config)
 * await fleet.tenants.create([{ id: 'acme', tags: { ring: 'internal' } }])
 * await fleet.close()
 */
/** A migration with what it sends. */
export interface MigrationDetail extends MigrationInfo {
  /** The file's text; null when it is gone. */
  readonly source: string | null
  /** What tenants are sent, in order; null when the file is gone or it is dynamic. */
  readonly statements:
    | readonly { readonly sql: string; readonly transactional: boolean; readonly line: number | null }[]
    | null
  /** Null when the file is gone. */
  readonly assessment: MigrationAssessment | null
}

export interface Fleet {
  readonly name: string
  readonly tenants: {
    /**
     * Creates tenants from the template at the released version, several at a time, and yields each as it is ready.
     * @throws FleetError TENANT_EXISTS or TENANT_ID_INVALID before anything is changed
     */
    create(tenants: readonly NewTenant[]): AsyncIterable<Tenant>
    /** Streams tenants by id, in pages. Deleted ones only when asked for by `states`. */
    list(filter?: TenantFilter): AsyncIterable<Tenant>
    show(id: string): Promise<TenantDetail>
    /** Sets tags, and removes those whose value is null. */
    tag(ids: readonly string[], tags: Readonly<Record<string, string | null>>): Promise<void>
    pin(ids: readonly string[], reason: string): Promise<void>
    unpin(ids: readonly string[]): Promise<void>
    /** Reads tenants' own history and corrects the catalog; no ids: all of them. */
    refresh(ids?: readonly string[]): Promise<RefreshResult>
    /** Removes database, role and record; an adopted tenant only loses its record. Says where data is not gone at once. */
    delete(ids: readonly string[]): Promise<readonly DeletedTenant[]>
    /** Returns the connection string of the tenant's application, without the password unless `reveal` is set. */
    url(id: string, options?: { reveal?: boolean; pooled?: boolean }): Promise<string>
    adopt(
      candidates: AsyncIterable<AdoptionCandidate> | Iterable<AdoptionCandidate>,
      options?: { dryRun?: boolean },
    ): AsyncIterable<AdoptionResult>
    /** Candidates from a server of the provider: databases whose name is LIKE the pattern and that carry no mark, and former tenants that have lost their record. */
    findCandidates(pattern: string): AsyncIterable<AdoptionCandidate>
  }
  readonly rollouts: {
    /** @throws FleetError MIGRATIONS_DIFFER, WAVE_EMPTY, TENANT_UNKNOWN, TAG_UNKNOWN, WAVE_UNKNOWN, MIGRATION_UNKNOWN */
    plan(options?: PlanOptions): Promise<RolloutPlan>
    /**
     * Plans, and tries the plan on copies of some tenants, taken from restore points; measures, and drops them. A plan that
     * failed is refused by `start`, for seven days or until it is rehearsed again.
     * @throws FleetError REHEARSAL_IMPOSSIBLE, REHEARSAL_INTERRUPTED, and what `plan` throws
     */
    rehearse(options: RehearseOptions): Promise<RehearsedPlan>
    /** Plans, starts and drives; goes on with the active rollout when its digest is the same. Returns when it rests. */
    start(options?: StartOptions): Promise<DriveResult>
    /** Goes on with a paused rollout or one whose driver died, and drives it. */
    resume(id?: string, options?: DriveOptions): Promise<DriveResult>
    /**
     * Says what taking a rollout back would do.
     * @throws FleetError UNDO_REFUSED where a later rollout has changed the same tenants
     */
    planUndo(id: string, options?: UndoOptions): Promise<RolloutPlan>
    /**
     * Takes a rollout back, by a rollout of its own: each tenant that it changed returns to its restore point, new tenants
     * get the earlier version, and its migrations are withdrawn. Goes on with the same undo if it is under way. Returns when
     * it rests.
     * @throws FleetError UNDO_REFUSED, ROLLOUT_ACTIVE, ROLLOUT_UNKNOWN, PLAN_CHANGED
     */
    undo(id: string, options?: StartUndoOptions): Promise<DriveResult>
    /** Sets failed runs back to pending; `resume` drives them. Returns how many. */
    retry(id?: string): Promise<number>
    pause(id?: string, options?: { note?: string }): Promise<void>
    /** Gives a rollout up: what runs finishes, what is pending is skipped, what is done stays. */
    abort(id?: string): Promise<void>
    status(id?: string): Promise<RolloutStatus>
    /** The newest first. */
    list(options?: { limit?: number }): Promise<readonly RolloutSummary[]>
    /** Streams the tenant runs of a rollout by tenant id. */
    runs(id: string | undefined, filter?: { states?: readonly TenantRunState[] }): AsyncIterable<TenantRun>
  }
  readonly migrations: {
    list(): Promise<readonly MigrationInfo[]>
    show(name: string): Promise<MigrationDetail>
    /** Looks into the migrations that some tenant lacks, or into all: what they lock, rewrite and lose. */
    lint(options?: { readonly all?: boolean }): Promise<readonly LintedMigration[]>
    /** Writes an empty migration with the next number or timestamp; returns its path. */
    make(name: string): Promise<string>
    /** Takes the present content of an edited file as what tenants have. */
    accept(name: string): Promise<void>
  }
  readonly restorePoints: {
    /**
     * Makes a restore point of a tenant as it is now. Its sessions are ended, and nobody gets in until the copy is there.
     * `force`: although the copy lacks the tenant's logical replication slots and subscriptions.
     * @throws FleetError TENANT_UNKNOWN, TENANT_STATE, TENANT_BUSY, RESTORE_POINT_REFUSED
     */
    create(tenantId: string, options?: { readonly force?: boolean }): Promise<RestorePoint>
    /** The newest first. */
    list(filter?: { readonly tenantId?: string }): Promise<readonly RestorePoint[]>
    /**
     * Writes the rows that a restore point has, and its tenant has not now, as CSV into a folder that is empty or new.
     * @throws FleetError RESTORE_POINT_UNKNOWN, RESTORE_REFUSED, TENANT_STATE, SALVAGE_REFUSED, SALVAGE_FAILED
     */
    salvage(id: string, directory: string): Promise<Salvage>
    /** Lists where rows of a tenant, which may be deleted, were salvaged to, the newest first. The fleet does not know when such files go. */
    salvages(tenantId: string): Promise<readonly SalvageRecord[]>
    /** Removes those whose time is over, and what is left of those that failed; yields each that is gone. */
    prune(): AsyncIterable<RestorePoint>
  }
  /**
   * Says where `restore` would lead, without changing anything.
   * @throws FleetError RESTORE_REFUSED naming what is in the way, or what there is to return to where `to` is needed;
   * RESTORE_POINT_UNKNOWN, RESTORE_POINT_REFUSED, TENANT_UNKNOWN, TENANT_STATE
   */
  planRestore(tenantId: string, options?: Pick<RestoreTenantOptions, 'to'>): Promise<RestorePlan>
  /**
   * Returns a tenant to a restore point, under the same connection string unless `endpointChanged` says so; what was there before is kept as a restore point.
   * @throws FleetError RESTORE_REFUSED where something written since would be lost, or may be, or would stay behind;
   * RESTORE_POINT_UNKNOWN, TENANT_UNKNOWN, TENANT_STATE, TENANT_BUSY, SALVAGE_REFUSED; SALVAGE_FAILED when it is restored already, RESTORE_FAILED when it is another state than the restore point's
   */
  restore(tenantId: string, options?: RestoreTenantOptions): Promise<RestoreResult>
  /**
   * Compares what carries the fleet's mark on its servers with the records of the catalog, and yields what has no counterpart.
   * `remove`: removes what may go. What is or was a tenant's database never does.
   */
  sweep(options?: { readonly remove?: boolean }): AsyncIterable<SweepFinding>
  readonly templates: {
    /** Builds the template of the released version on every server, if it is not there. */
    build(): Promise<readonly TemplateInfo[]>
    show(): Promise<readonly TemplateInfo[]>
  }
  readonly catalog: {
    show(): Promise<{
      readonly id: string
      readonly fleet: string /** Without a password. */
      readonly address: string
      readonly schemaVersion: string /** The oldest program that may use it. */
      readonly leastProgram: string
    }>
  }
  status(): Promise<FleetStatus>
  /** @param verify how many tenants' own histories are read too; default 20 */
  check(options: { atLeast: string; verify?: number | 'all' }): Promise<CheckResult>
  doctor(): Promise<readonly Diagnosis[]>
  /** Calls the listener with every event of this process; returns how to stop that. */
  on(listener: (event: FleetEvent) => void): () => void
  /** Ends at once the backends that this process uses in tenants: for a second Ctrl-C. */
  terminate(): Promise<void>
  close(): Promise<void>
}
