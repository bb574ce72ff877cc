import { type RawBuilder, sql } from 'kysely'
import type { RestorePointState } from '../model/restore-point-state.ts'
import type { ReturnRoute, StrandedReason, StrandedTenant, UndoPlan } from '../model/rollout.ts'
import { beginRollout, openServers } from './begin-rollout.ts'
import type { CatalogDb, CatalogTransaction } from './catalog-schema.ts'
import { historyId } from './histories.ts'
import { readmitMigrations, withdrawMigrations } from './known-migrations.ts'
import { readReleasedVersion } from './meta.ts'
import { EXPIRES_AT } from './restore-point-expiry.ts'
import { releaseBy } from './rollout-verbs.ts'
import type { StartOutcome } from './start-rollout.ts'

/** What a rollout has changed and has not been taken back, as the catalog has it. */
export interface ChangesOfRollout {
  readonly waves: readonly {
    readonly name: string
    readonly position: number
    readonly concurrency: number
    readonly maxFailures: number
    /** Those that can go back. */
    readonly tenants: number
  }[]
  readonly stranded: number
  /** The first of them by id. */
  readonly strandedExamples: readonly StrandedTenant[]
  readonly pinned: number
  readonly pinnedExamples: readonly { readonly id: string; readonly reason: string }[]
  /** How many of those that can go back do so by `down`. */
  readonly byDown: number
  /** What tenants that would go back have, and had not before. */
  readonly migrations: readonly string[]
  /** From where to where they went; without those that stopped in the middle of a migration outside a transaction. */
  readonly routes: readonly ReturnRoute[]
  /** Numbers of rollouts that started later and changed some of the same tenants. */
  readonly later: readonly number[]
}

export interface ReadChangesOptions {
  /** How many are named of those that cannot or must not go back. */
  readonly examples: number
  /** Whose tenants go back by `down`, without a restore point. */
  readonly byDown?: readonly ReturnRoute[]
}

/** Reads what undoing a rollout is about. */
export async function readChanges(
  db: CatalogDb,
  rolloutId: number,
  { examples, byDown = [] }: ReadChangesOptions,
): Promise<ChangesOfRollout> {
  const { rows } = await sql<Omit<ChangesOfRollout, Counts> & Record<Counts, string>>`
    with changed as materialized (${changedTenants(rolloutId, byDown)}),
    free as (select * from changed where pinned is null)
    select
      coalesce((select jsonb_agg(jsonb_build_object('name', w.name, 'position', w.position, 'concurrency', w.concurrency,
          'maxFailures', w.max_failures,
          'tenants', (select count(*) from free c where c.wave = w.position and c.stranded is null)) order by w.position)
        from fleet.wave w where w.rollout_id = ${rolloutId}), '[]') as waves,
      (select count(*) from free where stranded is not null) as stranded,
      (select count(*) from changed where pinned is not null) as pinned,
      (select count(*) from free where by_down) as "byDown",
      coalesce((select jsonb_agg(jsonb_build_object('id', e.tenant_id, 'why', e.stranded))
        from (select * from free where stranded is not null order by tenant_id limit ${examples}) e), '[]') as "strandedExamples",
      coalesce((select jsonb_agg(jsonb_build_object('id', e.tenant_id, 'reason', e.pinned))
        from (select * from changed where pinned is not null order by tenant_id limit ${examples}) e), '[]') as "pinnedExamples",
      coalesce((select array_agg(distinct names.name order by names.name)
        from (select distinct history_id, from_history_id from changed) pair
        join fleet.history now on now.id = pair.history_id
        join fleet.history before on before.id = pair.from_history_id
        cross join lateral unnest(now.names) names(name)
        where not names.name = any(before.names)), '{}') as migrations,
      coalesce((select jsonb_agg(jsonb_build_object('from', before.names, 'history', now.names) order by before.names, now.names)
        from (select distinct history_id, from_history_id from free where not stopped_inside) pair
        join fleet.history now on now.id = pair.history_id
        join fleet.history before on before.id = pair.from_history_id), '[]') as routes,
      coalesce((select array_agg(distinct r.id order by r.id)
        from changed c
        join fleet.tenant_run t on t.tenant_id = c.tenant_id and t.rollout_id <> ${rolloutId}
          and t.from_history_id <> t.to_history_id
        join fleet.rollout r on r.id = t.rollout_id
        join fleet.rollout this on this.id = ${rolloutId}
        where r.started_at > this.started_at), '{}') as later`.execute(db)
  const [row] = rows
  return {
    waves: row?.waves ?? [],
    stranded: Number(row?.stranded ?? 0),
    strandedExamples: row?.strandedExamples ?? [],
    pinned: Number(row?.pinned ?? 0),
    pinnedExamples: row?.pinnedExamples ?? [],
    byDown: Number(row?.byDown ?? 0),
    migrations: row?.migrations ?? [],
    routes: row?.routes ?? [],
    later: row?.later ?? [],
  }
}

type Counts = 'stranded' | 'pinned' | 'byDown'

/**
 * SQL of the tenants that a rollout has changed and that have not returned to what they had, with `stranded` saying why
 * one cannot. One that stopped in the middle of a migration outside a transaction is changed, whatever its history says,
 * until it has returned to its restore point.
 */
function changedTenants(rolloutId: number, byDown: readonly ReturnRoute[]): RawBuilder<unknown> {
  const ids = (names: keyof ReturnRoute) => byDown.map((route) => historyId(route[names]))
  return sql`
    select run.tenant_id, run.wave, run.server, run.finished_at, run.from_history_id, t.history_id, t.pinned,
      it.stopped_inside, way.by_down, case when not way.by_down then ${STRANDED} end as stranded
    from fleet.tenant_run run
    join fleet.rollout o on o.id = run.rollout_id
    join fleet.tenant t on t.id = run.tenant_id and t.state = 'ready'
    ${POINT_OF_RUN}
    cross join lateral (select ${STOPPED_INSIDE} as stopped_inside) it
    cross join lateral (
      select not it.stopped_inside and exists (
        select from unnest(${ids('from')}::text[], ${ids('history')}::text[]) route(before, now)
        where route.before = run.from_history_id and route.now = t.history_id) as by_down
    ) way
    where run.rollout_id = ${rolloutId} and run.from_history_id is not null
      and (t.history_id <> run.from_history_id or it.stopped_inside and point.state is distinct from 'restored')`
}

/** The restore point that the rollout took of the tenant; of an undo, the state that it has kept. */
const POINT_OF_RUN = sql`
  left join lateral (
    select p.state, p.id, coalesce(${EXPIRES_AT} <= now(), false) as expired
    from fleet.restore_point p join fleet.rollout r on r.id = p.rollout_id
    where r.id = run.rollout_id and p.tenant_id = run.tenant_id and p.state in ('ready', 'restored')
      and (p.replaced_by is not null) = (r.direction = 'back')
    order by p.state = 'ready' desc, p.id limit 1
  ) point on true`

const STRANDED = sql<StrandedReason | null>`
  case when point.state is null then 'no-restore-point' when point.state <> 'ready' then 'restore-point-used'
    when point.expired then 'restore-point-expired' end`

/** Whether the run ended in the middle of a migration that no transaction takes back. */
const STOPPED_INSIDE = sql<boolean>`(run.state <> 'succeeded' and exists (
  select from jsonb_array_elements(o.plan -> 'migrations') m
  where m ->> 'name' = run.migration and not (m ->> 'transaction')::boolean))`

/** What is known of one tenant that an undo is about, at the moment at which it is its turn. */
export interface WayBackFacts {
  /** What it had before the rollout that is taken back. */
  readonly from: readonly string[]
  readonly stoppedInside: boolean
  readonly point: { readonly id: string; readonly state: RestorePointState; readonly expired: boolean } | undefined
}

/** Reads how a tenant can return to what it had before a rollout; undefined when that never had it in hand. */
export async function readWayBack(
  db: CatalogDb,
  { rolloutId, tenantId }: { readonly rolloutId: number; readonly tenantId: string },
): Promise<WayBackFacts | undefined> {
  const { rows } = await sql<{
    names: string[]
    stoppedInside: boolean
    id: number | null
    state: RestorePointState
    expired: boolean
  }>`
    select h.names, ${STOPPED_INSIDE} as "stoppedInside", point.id, point.state, coalesce(point.expired, false) as expired
    from fleet.tenant_run run
    join fleet.rollout o on o.id = run.rollout_id
    join fleet.history h on h.id = run.from_history_id
    ${POINT_OF_RUN}
    where run.rollout_id = ${rolloutId} and run.tenant_id = ${tenantId}`.execute(db)
  const [row] = rows
  if (row === undefined) return undefined
  const { names, stoppedInside, id, state, expired } = row
  return { from: names, stoppedInside, point: id === null ? undefined : { id: `p${id}`, state, expired } }
}

/** Counts ready tenants that have one of these migrations and that the rollout has not changed: made with them, mostly. */
export async function countBeyond(
  db: CatalogDb,
  { rolloutId, migrations }: { readonly rolloutId: number; readonly migrations: readonly string[] },
): Promise<number> {
  const { rows } = await sql<{ tenants: string }>`
    with changed as (${changedTenants(rolloutId, [])})
    select count(*) as tenants from fleet.tenant t join fleet.history h on h.id = t.history_id
    where t.state = 'ready' and h.names && ${[...migrations]}::text[]
      and not exists (select from changed c where c.tenant_id = t.id)`.execute(db)
  return Number(rows[0]?.tenants ?? 0)
}

/**
 * Moves a planned undo to running: its runs are made of what is changed at this moment, its migrations are withdrawn (or,
 * where an undo is undone, admitted again) and new tenants get the earlier version from now on, all in one transaction.
 * @throws FleetError ROLLOUT_ACTIVE when another rollout is not finished, or somebody else has started this one
 */
export async function startUndo(db: CatalogDb, id: number, of: number): Promise<StartOutcome> {
  return db.transaction().execute(async (tx) => {
    const { plan } = await beginRollout(tx, id)
    await sql`
      insert into fleet.tenant_run (rollout_id, tenant_id, wave, position, server, state, skip_reason, finished_at)
      -- What was changed last goes back first.
      select ${id}, c.tenant_id, c.wave, row_number() over (order by c.wave, c.finished_at desc nulls first, c.tenant_id),
        c.server, case when c.stranded is null then 'pending' else 'skipped' end,
        case when c.stranded is not null then 'stranded' end, case when c.stranded is not null then now() end
      from (${changedTenants(of, plan.undo?.down?.routes ?? [])}) c where c.pinned is null`.execute(tx)
    await sql`
      insert into fleet.wave (rollout_id, position, name, concurrency, max_failures)
      select ${id}, w.position, w.name, coalesce((p.wave ->> 'concurrency')::int, w.concurrency),
        coalesce((p.wave ->> 'maxFailures')::int, w.max_failures)
      from fleet.wave w
      left join lateral (
        select wave from jsonb_array_elements(${JSON.stringify(plan.waves)}::jsonb) wave where wave ->> 'name' = w.name limit 1
      ) p on true
      where w.rollout_id = ${of}
        and exists (select from fleet.tenant_run r where r.rollout_id = ${id} and r.wave = w.position)`.execute(tx)
    await openServers(tx, id)
    if (plan.undo) await takeBackRelease(tx, id, plan.undo)
    const { rows } = await sql<{ tenants: number; pending: number }>`
      select count(*)::int as tenants, (count(*) filter (where state = 'pending'))::int as pending
      from fleet.tenant_run where rollout_id = ${id}`.execute(tx)
    const { tenants = 0, pending = 0 } = rows[0] ?? {}
    return { tenants, joiners: 0, dropped: Math.max(0, plan.tenants - pending) }
  })
}

async function takeBackRelease(tx: CatalogTransaction, id: number, undo: UndoPlan): Promise<void> {
  await readmitMigrations(tx, undo.readmits)
  await withdrawMigrations(tx, undo.withdraws, id)
  // Somebody may have released something else since the plan was made: that stays.
  if (undo.releases !== null && (await readReleasedVersion(tx)) === undo.releases.from)
    await releaseBy(tx, id, { from: undo.releases.from, target: undo.releases.to })
}
