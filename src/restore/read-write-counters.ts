import type { WriteCounters } from '../model/restore-point.ts'
import type { Client } from '../postgres/connect.ts'

/**
 * Reads how often rows were written to each table. Whole only when nobody else is in the database any more: sessions
 * report late. Null before PostgreSQL 15, where reports may be lost on their way.
 * @param except tables of the fleet's own, which hold nothing of the tenant's
 */
export async function readWriteCounters(client: Client, except: readonly string[]): Promise<WriteCounters | null> {
  const { rows } = await client.query<WriteCounters & { version: number }>(
    `select current_setting('server_version_num')::int as version, pg_postmaster_start_time()::text as "serverStart",
       (select stats_reset::text from pg_stat_database where datname = current_database()) as "statsReset",
       (select coalesce(jsonb_agg(jsonb_build_object('table', format('%I.%I', schemaname, relname), 'oid', relid::int8,
           'writes', n_tup_ins + n_tup_upd + n_tup_del) order by schemaname, relname), '[]')
         from pg_stat_user_tables where not relname = any($1)) as tables`,
    [[...except]],
  )
  const [row] = rows
  if (row === undefined || row.version < 150_000) return null
  const { serverStart, statsReset, tables } = row
  return { serverStart, statsReset, tables }
}
