import type { Client } from '../../postgres/connect.ts'
import type { TableRef } from './rule.ts'
import type { TableSize } from './table-size.ts'

/** A table of one tenant. */
export interface SizedTable extends TableSize {
  readonly schema: string
  readonly name: string
  readonly tenant: string
}

/** Reads how large the tables of a database are, by the server's own estimates; system schemas are left out. */
export async function readTableSizes(client: Client, tenant: string): Promise<readonly SizedTable[]> {
  const { rows } = await client.query<{ schema: string; name: string; rows: string; bytes: string }>(`
    select nspname as schema, relname as name, greatest(reltuples, 0)::bigint as rows, pg_total_relation_size(pg_class.oid) as bytes
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'm') and nspname <> 'information_schema' and left(nspname, 3) <> 'pg_'`)
  return rows.map((row) => ({ ...row, rows: Number(row.rows), bytes: Number(row.bytes), tenant }))
}

/** Returns the largest of the tables that have a name. */
export function largestOf(tables: readonly SizedTable[], { schema, name }: TableRef): TableSize | undefined {
  return tables
    .filter((it) => it.name === name && (schema === null || it.schema === schema))
    .reduce<SizedTable | undefined>((most, it) => (most === undefined || it.bytes > most.bytes ? it : most), undefined)
}
