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

/** Counts ready tenants by the history that they share. */
export async function countByHistory(db: CatalogDb): Promise<{ names: string[]; tenants: number; pinned: number }[]> {
  const rows = await db
    .selectFrom('fleet.tenant as t')
    .innerJoin('fleet.history as h', 'h.id', 't.history_id')
    .select([
      'h.names',
      ({ fn }) => fn.countAll<string>().as('tenants'),
      ({ fn }) => fn.count<string>('t.pinned').as('pinned'),
    ])
    .where('t.state', '=', 'ready')
    .groupBy('h.id')
    .execute()
  return rows.map((row) => ({ names: row.names, tenants: Number(row.tenants), pinned: Number(row.pinned) }))
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
