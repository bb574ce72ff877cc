import { type RawBuilder, sql } from 'kysely'
import type { NotRehearsable } from '../model/rehearsal.ts'
import type { RestorePointReason } from '../model/restore-point.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import type { Placement } from '../model/tenant.ts'
import { type Assignment, assignWaves, plannedWaves } from './assign-waves.ts'
import type { CatalogDb } from './catalog-schema.ts'
import { EXPIRES_AT, IS_POSITION } from './restore-point-expiry.ts'
import { reasonOf } from './restore-points.ts'

/** A tenant of a plan that could be rehearsed. */
export interface RehearsalCandidate {
  readonly tenantId: string
  readonly placement: Placement
  readonly history: readonly string[]
  readonly createdAt: Date
  /** A number drawn for tenant and plan, as text: the same for the same plan. */
  readonly lot: string
  /** The newest restore point whose history the tenant's goes on from; null: the tenant itself would be copied. */
  readonly point: CandidatePoint | null
}

export interface CandidatePoint {
  readonly id: string
  readonly reason: RestorePointReason
  readonly server: string
  readonly database: string
  readonly databaseId: string
  readonly history: readonly string[]
  readonly bytes: number
  readonly readyAt: Date | null
}

export interface CandidateInput {
  readonly plan: Pick<RolloutPlan, 'digest' | 'waves'>
  readonly assignment: Assignment
  /** Size of the sample. */
  readonly size: number
  /** Whether tenants without a restore point may be copied, too. */
  readonly closesTenants: boolean
}

/** So many times the sample's size are drawn by lot: among them is looked for large ones whose size nobody knows. */
const LOTS = 10

/**
 * Returns the tenants among which a sample is chosen: of the plan's tenants those with the largest restore points, the
 * oldest, some of each starting version, and some by lot. As many as the sample asks for, whatever the size of the fleet.
 */
export async function listCandidates(db: CatalogDb, input: CandidateInput): Promise<readonly RehearsalCandidate[]> {
  const { size, closesTenants } = input
  const { rows } = await sql<Row>`
    with planned as materialized (${plannedTenants(input)}),
    able as (select * from planned where not elsewhere and (point_id is not null or ${closesTenants})),
    numbered as (
      select id, row_number() over (order by bytes desc nulls last, lot) as by_size,
        row_number() over (order by created_at, lot) as by_age, row_number() over (order by lot) as by_lot,
        row_number() over (partition by history_id order by lot) as in_version, history_id from able
    ),
    versions as (select history_id from able group by 1 order by count(*) desc, 1 limit ${size})
    select p.*, h.names, ph.names as point_names from planned p
      join fleet.history h on h.id = p.history_id left join fleet.history ph on ph.id = p.point_history
    where p.id in (
      select id from numbered
      where by_size <= ${size} or by_age <= ${size} or by_lot <= ${size * LOTS}
        or in_version = 1 and history_id in (select history_id from versions)
    )`.execute(db)
  return rows.map(toCandidate)
}

/** Counts the plan's tenants that cannot be rehearsed. */
export async function countNotRehearsable(db: CatalogDb, input: Omit<CandidateInput, 'size'>): Promise<NotRehearsable> {
  const { rows } = await sql<{ withoutRestorePoint: number; elsewhere: number }>`
    select count(*) filter (where not elsewhere and point_id is null and not ${input.closesTenants})::int as "withoutRestorePoint",
      count(*) filter (where elsewhere)::int as elsewhere
    from (${plannedTenants(input)}) p`.execute(db)
  return rows[0] ?? { withoutRestorePoint: 0, elsewhere: 0 }
}

interface Row {
  readonly id: string
  readonly placement: Placement
  readonly created_at: Date
  readonly names: string[]
  readonly lot: string
  readonly point_id: number | null
  readonly rollout_id: number | null
  readonly replaced_by: number | null
  readonly server: string
  readonly database: string
  readonly database_id: string
  readonly point_names: string[] | null
  readonly bytes: string | null
  readonly ready_at: Date | null
}

/** A row per tenant that the plan migrates, with its newest restore point that can be used, if any. */
function plannedTenants({ plan, assignment }: Omit<CandidateInput, 'size'>): RawBuilder<unknown> {
  return sql`
    select t.id, t.placement, t.history_id, t.created_at, t.placement ? 'address' as elsewhere,
      encode(sha256(convert_to(${plan.digest} || t.id, 'UTF8')), 'hex') as lot,
      u.point_id, u.rollout_id, u.replaced_by, u.server, u.database, u.database_id, u.history_id as point_history, u.bytes, u.ready_at
    from ${assignWaves(assignment, { readyBefore: null })} a
      join fleet.tenant t on t.id = a.id
      join fleet.history h on h.id = t.history_id
      left join lateral (
        select p.id as point_id, p.rollout_id, p.replaced_by, p.server, p.database, p.database_id, p.history_id, p.bytes, p.ready_at
        from fleet.restore_point p join fleet.history ph on ph.id = p.history_id
          left join fleet.rollout r on r.id = p.rollout_id
        where p.tenant_id = t.id and p.state = 'ready' and p.server = t.server and ph.names <@ h.names
          and coalesce(${EXPIRES_AT} > now(), true) and not ${IS_POSITION}
        order by p.id desc limit 1
      ) u on true
    where a.wave = any(${[...plannedWaves(assignment, plan)]})`
}

function toCandidate(row: Row): RehearsalCandidate {
  const { point_id, server, database, bytes, ready_at } = row
  return {
    tenantId: row.id,
    placement: row.placement,
    history: row.names,
    createdAt: row.created_at,
    lot: row.lot,
    point:
      point_id === null
        ? null
        : {
            id: `p${point_id}`,
            reason: reasonOf(row),
            server,
            database,
            databaseId: row.database_id,
            history: row.point_names ?? [],
            bytes: Number(bytes ?? 0),
            readyAt: ready_at,
          },
  }
}
