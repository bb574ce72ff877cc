import type { Client } from '../../postgres/connect.ts'
import type { TableRef } from './rule.ts'
import type { TableSize } from './table-size.ts'

/** A table of one tenant. */
export interface SizedTable extends TableSize {
  readonly schema: string
  readonly name: string
  readonly tenant: string
}

/**
 * Reads how large the tables of a database are, by what the server noted when it last looked: asking for sizes proper waits
 * for whoever has a table locked. System schemas are left out.
 */
export async function readTableSizes(client: Client, tenant: string): Promise<readonly SizedTable[]> {
  const { rows } = await client.query<{ schema: string; name: string; rows: string; bytes: string }>(`
    select nspname as schema, it.relname as name, greatest(it.reltuples, 0)::bigint as rows,
      current_setting('block_size')::bigint * (it.relpages
        + coalesce((select toast.relpages from pg_class toast where toast.oid = it.reltoastrelid), 0)
        + coalesce((select sum(index.relpages) from pg_index join pg_class index on index.oid = indexrelid
          where indrelid = it.oid), 0))::bigint as bytes
    from pg_class it join pg_namespace on pg_namespace.oid = it.relnamespace
    where it.relkind in ('r', 'm') and nspname <> 'information_schema' and left(nspname, 3) <> 'pg_'`)
  return rows.map((row) => ({ ...row, rows: Number(row.rows), bytes: Number(row.bytes), tenant }))
}

/** Returns the largest of the tables that have a name. */
export function largestOf(tables: readonly SizedTable[], { schema, name }: TableRef): TableSize | undefined {
  return tables
    .filter((it) => it.name === name && (schema === null || it.schema === schema))
    .reduce<SizedTable | undefined>((most, it) => (most === undefined || it.bytes > most.bytes ? it : most), undefined)
}
