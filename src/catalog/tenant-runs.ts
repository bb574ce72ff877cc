import { sql } from 'kysely'
import type { FailureMode } from '../model/rollout.ts'
import type { Placement } from '../model/tenant.ts'
import type { CatalogDb } from './catalog-schema.ts'
import { historyId } from './histories.ts'

/** An attempt that was claimed: only it may write the run's result. */
export interface ClaimedRun {
  readonly tenantId: string
  readonly attempt: number
  /** Errors so far. */
  readonly tries: number
  readonly wave: string
  readonly placement: Placement
  /** The tenant's history as the catalog has it. */
  readonly history: readonly string[]
}

export interface RunKey {
  readonly rolloutId: number
  readonly epoch: number
}

export interface ClaimKey extends RunKey {
  readonly failureMode: FailureMode
}

/**
 * Claims pending runs for the holder of the epoch, in the order of the ids; undefined for each that may not start now.
 * The rollout's row is held FOR SHARE: a pause waits for the claim, or the claim for the pause and then finds nothing; so
 * is the tenant's, against a deletion. The failure budget is kept here, on what is recorded at this moment: what the loop
 * decided on may be older. While strict, even if all that runs failed, the budget would be exceeded by one at most.
 */
export async function claimRuns(
  db: CatalogDb,
  { rolloutId, epoch, failureMode }: ClaimKey,
  tenantIds: readonly string[],
): Promise<(ClaimedRun | undefined)[]> {
  const { rows } = await sql<{
    tenant_id: string
    attempt: number
    tries: number
    wave: string
    placement: Placement
    names: string[]
  }>`
    with active as (
      select id from fleet.rollout where id = ${rolloutId} and state = 'running' and epoch = ${epoch} for share
    ), budget as materialized (
      select w.position, w.name,
        case when f.failed > w.max_failures then 0
          when ${failureMode === 'strict'} then w.max_failures + 1 - f.failed - f.running
          else ${tenantIds.length}::int end as room
      from fleet.wave w cross join lateral (
        -- Each by its own partial index: both at once would read all runs of the wave.
        select
          (select count(*) from fleet.tenant_run where rollout_id = w.rollout_id and wave = w.position and state = 'failed') as failed,
          (select count(*) from fleet.tenant_run where rollout_id = w.rollout_id and wave = w.position and state = 'running') as running
      ) f where w.rollout_id = ${rolloutId}
    ), ranked as materialized (
      select r.tenant_id, r.wave, r.server, row_number() over (partition by r.wave order by r.position) as place
      from fleet.tenant_run r
      where r.rollout_id = ${rolloutId} and r.tenant_id = any(${[...tenantIds]}) and r.state = 'pending'
    ), fit as materialized (
      select t.id, t.placement, t.history_id, b.name as wave
      from ranked join budget b on b.position = ranked.wave and ranked.place <= b.room
      join fleet.tenant t on t.id = ranked.tenant_id
      where t.state = 'ready' and t.pinned is null and exists (select from active) and not exists (
        select from fleet.rollout_server s where s.rollout_id = ${rolloutId} and s.server = ranked.server and s.state = 'paused')
      order by t.id
      for share of t
    )
    update fleet.tenant_run r
    set state = 'running', attempt = r.attempt + 1, epoch = ${epoch}, started_at = coalesce(r.started_at, now()), finished_at = null,
      from_history_id = coalesce(r.from_history_id, fit.history_id)
    from fit join fleet.history h on h.id = fit.history_id
    where r.rollout_id = ${rolloutId} and r.tenant_id = fit.id and r.state = 'pending'
    returning r.tenant_id, r.attempt, r.tries, fit.wave, fit.placement, h.names, ${NOT_WAITED_FOR}`.execute(db)
  const byId = new Map(rows.map((row) => [row.tenant_id, row]))
  const refused = tenantIds.filter((id) => !byId.has(id))
  if (refused.length > 0) await skipUnfit(db, { rolloutId, epoch }, refused)
  return tenantIds.map((id) => {
    const row = byId.get(id)
    return (
      row && {
        tenantId: id,
        attempt: row.attempt,
        tries: row.tries,
        wave: row.wave,
        placement: row.placement,
        history: row.names,
      }
    )
  })
}

/**
 * Makes the COMMIT not wait for the disk. A crash of the catalog's server may then forget a claim or a result of the last
 * moments: the run is pending again, or set back to it, and the tenant's own history says that there is nothing to do.
 */
const NOT_WAITED_FOR = sql`set_config('synchronous_commit', 'off', true)`

/** Skips pending runs of tenants that were pinned or deleted after the rollout began. */
async function skipUnfit(db: CatalogDb, { rolloutId, epoch }: RunKey, tenantIds: readonly string[]): Promise<void> {
  await sql`
    with active as (select id from fleet.rollout where id = ${rolloutId} and epoch = ${epoch} for share)
    update fleet.tenant_run r
    set state = 'skipped', finished_at = now(), skip_reason = case
      when exists (select from fleet.tenant t where t.id = r.tenant_id and t.state = 'ready') then 'pinned' else 'gone' end
    from active
    where r.rollout_id = active.id and r.tenant_id = any(${[...tenantIds]}) and r.state = 'pending'
      and not exists (select from fleet.tenant t where t.id = r.tenant_id and t.state = 'ready' and t.pinned is null)`.execute(
    db,
  )
}

/**
 * Sets runs back to pending that the holder of the epoch claimed without learning of it: the answer was lost. Call it only
 * while no task is held.
 */
export async function releaseLostClaims(db: CatalogDb, { rolloutId, epoch }: RunKey): Promise<void> {
  await sql`
    with active as (select id from fleet.rollout where id = ${rolloutId} and epoch = ${epoch} for share)
    update fleet.tenant_run r set state = 'pending', not_before = now()
    from active where r.rollout_id = active.id and r.epoch = ${epoch} and r.state = 'running'`.execute(db)
}

/** What an attempt came to. */
export interface RunResult {
  readonly tenantId: string
  readonly attempt: number
  readonly state: 'succeeded' | 'failed' | 'pending'
  /** The tenant's own history, where it was seen: the catalog is corrected. */
  readonly history: readonly string[] | null
  /** Whether it used up one of its tries. */
  readonly counts: boolean
  /** For `pending`: when it may be claimed again, in milliseconds from now. */
  readonly retryInMs: number
  readonly migration: string | null
  readonly sqlstate: string | null
  readonly message: string | null
}

/**
 * Writes results in one statement, each fenced by itself: one whose attempt or epoch is no longer the owner's is dropped
 * alone. Rows are locked in the order of their ids, so that two batches cannot deadlock.
 * @returns for each result, in order, whether it was taken
 */
export async function finishRuns(
  db: CatalogDb,
  { rolloutId, epoch }: RunKey,
  results: readonly RunResult[],
): Promise<boolean[]> {
  const rows = results.map((it) => ({
    tenant_id: it.tenantId,
    attempt: it.attempt,
    state: it.state,
    history_id: it.history && historyId(it.history),
    tries: it.counts ? 1 : 0,
    retry_in: it.retryInMs,
    migration: it.migration,
    sqlstate: it.sqlstate,
    message: it.message,
  }))
  const histories = new Map(results.flatMap((it) => (it.history ? [[historyId(it.history), it.history] as const] : [])))
  const { rows: taken } = await sql<{ tenant_id: string }>`
    with active as (
      select id from fleet.rollout where id = ${rolloutId} and epoch = ${epoch} for share
    ), result as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as it(
        tenant_id text, attempt int, state text, history_id text, tries int, retry_in int, migration text, sqlstate text, message text)
    ), new_history as (
      insert into fleet.history (id, names)
      select it.id, it.names from jsonb_to_recordset(${JSON.stringify([...histories].map(([id, names]) => ({ id, names })))}::jsonb) as it(id text, names text[])
      on conflict do nothing
    ), owned as (
      select r.tenant_id from fleet.tenant_run r, active, result
      where r.rollout_id = active.id and r.tenant_id = result.tenant_id and r.attempt = result.attempt and r.state = 'running'
      order by r.tenant_id
      for update of r
    ), written as (
      update fleet.tenant_run r
      set state = result.state, tries = r.tries + result.tries, migration = result.migration, sqlstate = result.sqlstate,
        message = result.message, to_history_id = coalesce(result.history_id, r.to_history_id),
        not_before = now() + make_interval(secs => result.retry_in / 1000.0),
        finished_at = case when result.state = 'pending' then null else now() end
      from owned, result
      where r.rollout_id = ${rolloutId} and r.tenant_id = owned.tenant_id and result.tenant_id = owned.tenant_id
      returning r.tenant_id, result.history_id
    ), corrected as (
      update fleet.tenant t set history_id = written.history_id, checked_at = now()
      from written where t.id = written.tenant_id and written.history_id is not null
    )
    select tenant_id, ${NOT_WAITED_FOR} from written`.execute(db)
  const ids = new Set(taken.map((row) => row.tenant_id))
  return results.map((it) => ids.has(it.tenantId))
}

export interface ClaimableInput {
  readonly rolloutId: number
  /** Position of the wave. */
  readonly wave: number
  readonly limit: number
  readonly perServer: number
  /** Tasks that are held already, by tenant, with their server. */
  readonly held: readonly { readonly tenantId: string; readonly server: string }[]
  /** Recorded migrations that still have to be proven. */
  readonly proving: readonly string[]
}

export interface ClaimableRun {
  readonly tenantId: string
  readonly server: string
  /** Whether it will run one of those that still have to be proven. */
  readonly proves: boolean
}

/** Returns pending runs of a wave whose time has come, in order, as far as their servers have room. */
export async function claimableRuns(
  db: CatalogDb,
  { rolloutId, wave, limit, perServer, held, proving }: ClaimableInput,
): Promise<ClaimableRun[]> {
  const busy: Record<string, number> = {}
  for (const { server } of held) busy[server] = (busy[server] ?? 0) + 1
  const lacksOne = sql<boolean>`exists (
      select from fleet.tenant t join fleet.history h on h.id = t.history_id
      where t.id = r.tenant_id and not ${[...proving]}::text[] <@ h.names)`
  const { rows } = await sql<ClaimableRun>`
    select r.tenant_id as "tenantId", r.server, ${proving.length === 0 ? sql`false` : lacksOne} as proves
    from fleet.rollout_server s
    cross join lateral (
      select tenant_id, server, position from fleet.tenant_run
      where rollout_id = ${rolloutId} and wave = ${wave} and server = s.server and state = 'pending'
        and not_before <= now() and not tenant_id = any(${held.map((it) => it.tenantId)})
      order by position
      limit least(${limit}, greatest(0, ${perServer} - coalesce((${JSON.stringify(busy)}::jsonb ->> s.server)::int, 0)))
    ) r
    where s.rollout_id = ${rolloutId} and s.state = 'open'
    order by r.position
    limit ${limit}`.execute(db)
  return rows
}

/** Makes a server's tenants wait until the rollout is resumed; true when they did not before. */
export async function pauseServer(
  db: CatalogDb,
  { rolloutId, epoch }: RunKey,
  { server, sqlstate, message }: { server: string; sqlstate: string; message: string },
): Promise<boolean> {
  const { rows } = await sql`
    with active as (select id from fleet.rollout where id = ${rolloutId} and epoch = ${epoch} for share)
    update fleet.rollout_server s set state = 'paused', sqlstate = ${sqlstate}, message = ${message}
    from active where s.rollout_id = active.id and s.server = ${server} and s.state = 'open'
    returning s.server`.execute(db)
  return rows.length > 0
}

/** Says whether a tenant is being migrated at this moment. */
export async function isRunning(db: CatalogDb, tenantId: string): Promise<boolean> {
  const row = await db
    .selectFrom('fleet.tenant_run')
    .select('tenant_id')
    .where('tenant_id', '=', tenantId)
    .where('state', '=', 'running')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
