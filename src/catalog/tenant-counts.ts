import { type SqlBool, sql } from 'kysely'
import type { TenantState } from '../model/tenant-state.ts'
import type { CatalogDb } from './catalog-schema.ts'

/** Counts tenants that are not deleted, per server. */
export async function countByServer(db: CatalogDb): Promise<{ server: string; tenants: number }[]> {
  const rows = await db
    .selectFrom('fleet.tenant')
    .select(['server', ({ fn }) => fn.countAll<string>().as('tenants')])
    .where('state', '<>', 'deleted')
    .groupBy('server')
    .orderBy('server')
    .execute()
  return rows.map((row) => ({ server: row.server, tenants: Number(row.tenants) }))
}

/** Counts tenants by state. */
export async function countByState(db: CatalogDb): Promise<Partial<Record<TenantState, number>>> {
  const rows = await db
    .selectFrom('fleet.tenant')
    .select(['state', ({ fn }) => fn.countAll<string>().as('tenants')])
    .groupBy('state')
    .execute()
  return Object.fromEntries(rows.map((row) => [row.state, Number(row.tenants)]))
}

/** Tenants that have these things in common. */
export interface TenantGroup {
  readonly state: TenantState
  readonly server: string
  readonly history: readonly string[]
  readonly tenants: number
  readonly pinned: number
}

/** Counts all tenants that are not deleted by state, server and history: one pass over them, whatever is asked of it. */
export async function countTenants(db: CatalogDb): Promise<TenantGroup[]> {
  const { rows } = await sql<{
    state: TenantState
    server: string
    history: string[]
    tenants: string
    pinned: string
  }>`
    select g.state, g.server, h.names as history, g.tenants, g.pinned
    from (
      select state, server, history_id, count(*) as tenants, count(pinned) as pinned
      from fleet.tenant where state <> 'deleted' group by 1, 2, 3
    ) g join fleet.history h on h.id = g.history_id
    order by g.server`.execute(db)
  return rows.map((row) => ({ ...row, tenants: Number(row.tenants), pinned: Number(row.pinned) }))
}

/** Counts ready tenants. */
export async function countReady(db: CatalogDb): Promise<number> {
  return (await countByState(db)).ready ?? 0
}

/** Counts ready tenants whose history lacks a migration, and names a few. */
export async function countLacking(
  db: CatalogDb,
  migration: string,
  examples: number,
): Promise<{ behind: number; examples: string[] }> {
  const lacking = db
    .selectFrom('fleet.tenant as t')
    .innerJoin('fleet.history as h', 'h.id', 't.history_id')
    .where('t.state', '=', 'ready')
    .where(sql<SqlBool>`not ${migration} = any(h.names)`)
  const { behind } = await lacking.select(({ fn }) => fn.countAll<string>().as('behind')).executeTakeFirstOrThrow()
  const rows = await lacking.select('t.id').orderBy('t.id').limit(examples).execute()
  return { behind: Number(behind), examples: rows.map((row) => row.id) }
}

/** Lists the tags in use with how many tenants have each value, for messages; at most `limit`. */
export async function listTags(
  db: CatalogDb,
  limit: number,
): Promise<{ key: string; value: string; tenants: number }[]> {
  const { rows } = await sql<{ key: string; value: string; tenants: string }>`
    select e.key, e.value, count(*) as tenants
    from fleet.tenant t cross join lateral jsonb_each_text(t.tags) e
    where t.state <> 'deleted'
    group by 1, 2 order by 3 desc, 1, 2 limit ${limit}`.execute(db)
  return rows.map((row) => ({ ...row, tenants: Number(row.tenants) }))
}
