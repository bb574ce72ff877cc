import type { ColumnType, Generated, JSONColumnType, Kysely, Transaction } from 'kysely'
import type { DriverIdentity } from '../lib/process-identity.ts'
import type { RecordingState } from '../model/recording-state.ts'
import type { RehearsalReport } from '../model/rehearsal.ts'
import type { RehearsalState } from '../model/rehearsal-state.ts'
import type { WriteCounters } from '../model/restore-point.ts'
import type { CopyTaken } from '../model/restore-point-cost.ts'
import type { RestorePointState } from '../model/restore-point-state.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import type { PauseReason, RolloutDirection, RolloutOutcome, RolloutState } from '../model/rollout-state.ts'
import type { Placement, Tags, TenantOrigin } from '../model/tenant.ts'
import type { SkipReason, TenantRunState } from '../model/tenant-run-state.ts'
import type { TenantState } from '../model/tenant-state.ts'
import type { Assignment } from './assign-waves.ts'

/** The tables of the catalog, as `migrations/` makes them. */
export interface CatalogSchema {
  'fleet.meta': {
    catalog_id: Generated<string>
    fleet: string
    least_program: string
    released_version: string | null
    tags_generation: Generated<number>
    created_at: Generated<Date>
  }
  'fleet.history': { id: string; names: string[]; version: Generated<string | null> }
  'fleet.tenant': {
    id: string
    state: TenantState
    origin: TenantOrigin
    tags: JSONColumnType<Tags>
    server: string
    placement: JSONColumnType<Placement> | null
    history_id: string
    secret: string | null
    identity: string | null
    pinned: string | null
    error: string | null
    created_at: Generated<Date>
    ready_at: Date | null
    checked_at: Date | null
  }
  'fleet.template': {
    server: string
    key: string
    database: string
    version: string | null
    created_at: Generated<Date>
  }
  'fleet.migration': {
    name: string
    checksum: string
    sql_checksum: string | null
    seen_at: Generated<Date>
    withdrawn_by: number | null
  }
  'fleet.rollout': {
    id: Generated<number>
    state: RolloutState
    pause_reason: PauseReason | null
    pause_note: string | null
    outcome: RolloutOutcome | null
    direction: Generated<RolloutDirection>
    undoes: number | null
    digest: string
    intent: string
    target: string | null
    plan: JSONColumnType<RolloutPlan>
    assignment: ColumnType<Assignment, string | undefined, string>
    planned_at: ColumnType<Date, string | undefined, string>
    started_at: Date | null
    finished_at: Date | null
    epoch: Generated<number>
    driver: JSONColumnType<DriverIdentity> | null
    heartbeat_at: Date | null
    released_from: string | null
    released_at: Date | null
  }
  'fleet.wave': {
    rollout_id: number
    position: number
    name: string
    concurrency: number
    max_failures: number
    started_at: Date | null
    finished_at: Date | null
  }
  'fleet.rollout_server': {
    rollout_id: number
    server: string
    state: Generated<'open' | 'paused'>
    sqlstate: string | null
    message: string | null
  }
  'fleet.rollout_migration': {
    rollout_id: number
    name: string
    state: RecordingState
    proven_by: Generated<string[]>
    deviation: string | null
  }
  'fleet.assessment': { key: string; result: JSONColumnType<object>; used_at: Generated<Date> }
  'fleet.tenant_run': {
    rollout_id: number
    tenant_id: string
    wave: number
    position: number
    server: string
    state: TenantRunState
    skip_reason: SkipReason | null
    attempt: Generated<number>
    tries: Generated<number>
    epoch: Generated<number>
    not_before: Generated<Date>
    migration: string | null
    sqlstate: string | null
    message: string | null
    started_at: Date | null
    finished_at: Date | null
    from_history_id: string | null
    to_history_id: string | null
  }
  'fleet.restore_point': {
    id: Generated<number>
    tenant_id: string
    state: RestorePointState
    rollout_id: number | null
    replaced_by: number | null
    server: string
    database: string
    database_id: string | null
    history_id: string
    counters: JSONColumnType<WriteCounters> | null
    copying: JSONColumnType<CopyTaken> | null
    position: string | null
    reach: string | null
    has_copy: Generated<boolean>
    goes_with_tenant: Generated<boolean>
    bytes: ColumnType<string | null, number | null, number | null>
    created_at: Generated<Date>
    ready_at: Date | null
    keep: string
    error: string | null
  }
  'fleet.salvage': {
    tenant_id: string
    restore_point_id: number
    host: string
    directory: string
    at: Generated<Date>
  }
  'fleet.rehearsal': {
    id: Generated<number>
    state: RehearsalState
    digest: string
    driver: JSONColumnType<DriverIdentity>
    heartbeat_at: Generated<Date>
    started_at: Generated<Date>
    finished_at: Date | null
    report: JSONColumnType<RehearsalReport> | null
  }
  'fleet.rehearsal_branch': {
    id: Generated<number>
    rehearsal_id: number
    tenant_id: string
    server: string
    database: string
    created_at: Generated<Date>
  }
  'fleet.closure': {
    pooler: string
    entry: string
    server: string
    database: string
    token: string
    driver: JSONColumnType<DriverIdentity>
    closed_at: Generated<Date>
    heartbeat_at: Generated<Date>
  }
  'fleet.event': {
    id: Generated<string>
    at: Date
    rollout_id: number | null
    tenant_id: string | null
    type: string
    data: JSONColumnType<object>
  }
}

export type CatalogDb = Kysely<CatalogSchema>
export type CatalogTransaction = Transaction<CatalogSchema>
