import { tablesOfOurs } from '../migrations/history.ts'
import type { HistoryTables } from '../migrations/migration.ts'
import type { WriteCounters } from '../model/restore-point.ts'
import type { Client } from '../postgres/connect.ts'

/**
 * Reads how often rows were written to each table, large objects included, without those of the migrations. Whole only
 * when nobody else is in the database any more: sessions report late. Null before PostgreSQL 15, where reports may be lost
 * on their way.
 */
export async function readWriteCounters(client: Client, history: HistoryTables): Promise<WriteCounters | null> {
  const { rows } = await client.query<WriteCounters & { version: number }>(
    `select current_setting('server_version_num')::int as version, pg_postmaster_start_time()::text as "serverStart",
       (select stats_reset::text from pg_stat_bgwriter) as "statsBegan",
       (select stats_reset::text from pg_stat_database where datname = current_database()) as "statsReset",
       (select coalesce(jsonb_agg(jsonb_build_object('table', format('%I.%I', schemaname, s.relname), 'oid', relid::int8,
           'writes', n_tup_ins + n_tup_upd + n_tup_del, 'deletes', n_tup_del, 'file', pg_relation_filenode(relid)::int8)
           order by schemaname, s.relname), '[]')
         from pg_stat_all_tables s join pg_class c on c.oid = s.relid and c.relkind = 'r'
         where (s.relid = 'pg_largeobject'::regclass or schemaname not in ('pg_catalog', 'information_schema'))
           and not exists (select from unnest($1::text[]) ours(name) where to_regclass(ours.name) = s.relid)) as tables`,
    [tablesOfOurs(history)],
  )
  const [row] = rows
  if (row === undefined || row.version < 150_000) return null
  const { serverStart, statsBegan, statsReset, tables } = row
  return { serverStart, statsBegan, statsReset, tables }
}
