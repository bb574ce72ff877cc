import { type RawBuilder, sql } from 'kysely'
import type { RolloutPlan, RolloutScope } from '../model/rollout.ts'
import type { Tags } from '../model/tenant.ts'
import type { CatalogDb } from './catalog-schema.ts'

/** What decides which wave takes a tenant: the first that matches. */
export interface WaveRule {
  readonly name: string
  /** Tags that a tenant must have; undefined: any. */
  readonly match?: Tags | undefined
  /** Most tenants; undefined: no limit. */
  readonly size?: number | undefined
}

/** How tenants are assigned to waves: written down with a plan, so that the start does what was shown. */
export interface Assignment {
  readonly scope: RolloutScope
  readonly waves: readonly WaveRule[]
  /** Ids of the histories from which there is something to do. */
  readonly histories: readonly string[]
  /** Tag whose value orders tenants within a wave; left out: a hash of the id. */
  readonly orderBy?: string | undefined
  /** As it was when the plan was made. */
  readonly tagsGeneration: number
}

/**
 * Builds the SQL that assigns targeted tenants to waves: a row (id, server, history_id, sort, wave) per tenant,
 * wave null where none takes it. In SQL, so that neither plan nor start holds the fleet in memory.
 */
export function assignWaves(
  { scope, waves, histories, orderBy }: Assignment,
  { readyBefore }: { readyBefore: RawBuilder<Date> | null },
): RawBuilder<unknown> {
  // By a hash, so that the first tenants are not always the oldest or those that begin with a.
  const hash = sql`left(encode(sha256(convert_to(t.id, 'UTF8')), 'hex'), 16)`
  const sort = orderBy === undefined ? hash : sql`coalesce(t.tags ->> ${orderBy}, '') || ' ' || ${hash}`
  const chain = waves.map((wave, index) => {
    const taken = waves
      .slice(0, index)
      .map((_, earlier) => sql`and not exists (select from ${cte(earlier)} w where w.id = c.id)`)
    return sql`${cte(index)} as materialized (
      select c.id from candidate c
      where c.tags @> ${JSON.stringify(wave.match ?? {})}::jsonb ${join(taken)}
      order by c.sort collate "C" ${limitTo(wave)}
    )`
  })
  const assigned = waves.map((_, index) => sql`select id, ${sql.lit(index)} as wave from ${cte(index)}`)
  return sql`(
    with candidate as materialized (
      select t.id, t.server, t.tags, t.history_id, ${sort} as sort
      from fleet.tenant t
      where t.state = 'ready' and t.pinned is null and t.history_id = any(${[...histories]}) and ${inScope(scope)}
        ${readyBefore === null ? sql`` : sql`and t.ready_at <= ${readyBefore}`}
    )
    ${join(chain.map((it) => sql`, ${it}`))}
    , assigned as (${assigned.length > 0 ? sql.join(assigned, sql` union all `) : sql`select null::text as id, 0 as wave where false`})
    select c.id, c.server, c.history_id, c.sort, a.wave from candidate c left join assigned a on a.id = c.id
  )`
}

/** Returns the indices, in an assignment, of the waves that a plan goes through. */
export function plannedWaves({ waves }: Assignment, plan: Pick<RolloutPlan, 'waves'>): readonly number[] {
  const names = plan.waves.map(({ name }) => name)
  return waves.flatMap(({ name }, index) => (names.includes(name) ? [index] : []))
}

/** SQL that is true for tenants (alias t) in scope; waves are applied after the assignment. */
export function inScope(scope: RolloutScope): RawBuilder<boolean> {
  return sql<boolean>`(
    ${scope.tenants.length === 0} or t.id = any(${[...scope.tenants]})
  ) and not t.id = any(${[...scope.skipTenants]}) and t.tags @> ${JSON.stringify(scope.tags)}::jsonb`
}

/** Counts targeted tenants by wave and starting history; wave null: no wave takes them. */
export async function countAssigned(
  db: CatalogDb,
  input: Assignment,
): Promise<{ wave: number | null; history_id: string; tenants: number }[]> {
  const { rows } = await sql<{ wave: number | null; history_id: string; tenants: string }>`
    select wave, history_id, count(*) as tenants from ${assignWaves(input, { readyBefore: null })} a group by 1, 2`.execute(
    db,
  )
  return rows.map((row) => ({ ...row, tenants: Number(row.tenants) }))
}

/** Counts tenants in scope by history, and those that rollouts pass over. */
export async function countScope(
  db: CatalogDb,
  scope: RolloutScope,
): Promise<{ history_id: string; names: string[]; ready: number; pinned: number; notReady: number }[]> {
  const { rows } = await sql<{ history_id: string; names: string[]; ready: string; pinned: string; not_ready: string }>`
    select h.id as history_id, h.names,
      count(*) filter (where t.state = 'ready' and t.pinned is null) as ready,
      count(*) filter (where t.state = 'ready' and t.pinned is not null) as pinned,
      count(*) filter (where t.state <> 'ready') as not_ready
    from fleet.tenant t join fleet.history h on h.id = t.history_id
    where t.state <> 'deleted' and ${inScope(scope)}
    group by h.id`.execute(db)
  return rows.map((row) => ({
    history_id: row.history_id,
    names: row.names,
    ready: Number(row.ready),
    pinned: Number(row.pinned),
    notReady: Number(row.not_ready),
  }))
}

/**
 * Counts, for each wave that has a `match`, the tenants of the whole fleet that would reach it: ready, not pinned,
 * and not taken by an earlier wave that takes everybody it matches.
 */
export async function countMatches(db: CatalogDb, waves: readonly WaveRule[]): Promise<number[]> {
  const matches = (wave: WaveRule) => sql`t.tags @> ${JSON.stringify(wave.match ?? {})}::jsonb`
  const columns = waves.map((wave, index) => {
    const greedy = waves.slice(0, index).filter((it) => it.size === undefined)
    return sql`count(*) filter (where ${matches(wave)} ${join(greedy.map((it) => sql`and not ${matches(it)}`))}) as ${sql.id(`w${index}`)}`
  })
  if (columns.length === 0) return []
  const { rows } = await sql<Record<string, string>>`
    select ${sql.join(columns)} from fleet.tenant t where t.state = 'ready' and t.pinned is null`.execute(db)
  return waves.map((_, index) => Number(rows[0]?.[`w${index}`] ?? 0))
}

/** Returns a few pinned tenants in scope, with the reason. */
export async function pinnedExamples(
  db: CatalogDb,
  scope: RolloutScope,
  limit: number,
): Promise<{ id: string; reason: string }[]> {
  const { rows } = await sql<{ id: string; reason: string }>`
    select t.id, t.pinned as reason from fleet.tenant t
    where t.state = 'ready' and t.pinned is not null and ${inScope(scope)}
    order by t.id limit ${limit}`.execute(db)
  return rows
}

function cte(index: number): RawBuilder<unknown> {
  return sql.id(`w${index}`)
}

function join(parts: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  return parts.length === 0 ? sql`` : sql.join(parts, sql` `)
}

function limitTo({ size }: WaveRule): RawBuilder<unknown> {
  return size === undefined ? sql`` : sql`limit ${size}`
}
