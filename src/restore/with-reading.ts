import { tablesOfOurs } from '../migrations/history.ts'
import type { HistoryTables } from '../migrations/migration.ts'
import type { Client } from '../postgres/connect.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'
import type { StoredTable } from './match-tables.ts'

export interface ReadingOptions {
  /** Taken by SET ROLE: what the tenant's owner has put into a table's definition does not run with the admin's rights. */
  readonly role: string | null
  readonly history: HistoryTables
  /** For each statement, in milliseconds. */
  readonly statementTimeout: number
}

/** What a database stores, as one snapshot sees it. */
export interface StoredData {
  /** By name; without those of the migrations. */
  readonly tables: readonly StoredTable[]
  readonly largeObjects: number
  /** As the server writes it, e.g. `UTF8`. */
  readonly encoding: string
}

/**
 * Lends a connection within a transaction that only reads, sees one snapshot, and writes every value in the same way
 * whatever server, database and role are set to. No name is looked up but in pg_catalog.
 */
export async function withReading<T>(
  client: Client,
  { role, history, statementTimeout }: ReadingOptions,
  use: (stored: StoredData) => Promise<T>,
): Promise<T> {
  await client.query('begin isolation level repeatable read read only')
  try {
    await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}; set local statement_timeout = ${statementTimeout}`)
    // While the search path is still that of whoever migrates.
    const { rows } = await client.query<{ oids: number[] }>(
      `select coalesce(array_agg(to_regclass(name)::oid::int8::float8) filter (where to_regclass(name) is not null), '{}') as oids
       from unnest($1::text[]) name`,
      [tablesOfOurs(history)],
    )
    await client.query(SETTINGS + (role === null ? '' : `; set local role ${quoteIdentifier(role)}`))
    return await use(await readStored(client, rows[0]?.oids ?? []))
  } finally {
    await client.query('rollback').catch(() => {})
  }
}

/** Clients may hold a lock on a table of the tenant; whoever waits behind us waits as long as we do. */
const LOCK_TIMEOUT_MS = 2_000

/** With row_security off, rows that a policy would hide are an error and do not just go missing. */
const SETTINGS = [
  'set local search_path = pg_catalog, pg_temp',
  'set local row_security = off',
  `set local timezone = 'UTC'`,
  `set local datestyle = 'ISO, MDY'`,
  `set local intervalstyle = 'postgres'`,
  'set local extra_float_digits = 1',
  `set local bytea_output = 'hex'`,
  `set local lc_monetary = 'C'`,
  'set local quote_all_identifiers = off',
  'set local constraint_exclusion = off',
  'set local jit = off',
  'set local max_parallel_workers_per_gather = 0',
  // A reader that is slow to write its files must not be taken for one that has forgotten its transaction.
  `select set_config(name, '0', true) from pg_settings
     where name in ('idle_in_transaction_session_timeout', 'transaction_timeout')`,
].join(';\n')

async function readStored(client: Client, history: readonly number[]): Promise<StoredData> {
  const { rows: tables } = await client.query<StoredTable>(
    `select n.nspname as schema, c.relname as name, c.oid::int8::float8 as oid, pg_table_size(c.oid)::float8 as bytes,
       (select coalesce(jsonb_agg(jsonb_build_object('name', a.attname, 'number', a.attnum,
           'missing', (a.attmissingval::text::text[])[1]) order by a.attnum), '[]')
         from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and c.relpersistence <> 't' and left(n.nspname, 3) <> 'pg_'
       and n.nspname <> 'information_schema' and not c.oid = any($1::float8[]::int8[]::oid[])
     order by 1, 2`,
    [history],
  )
  const { rows } = await client.query<{ largeObjects: number; encoding: string }>(
    `select (select count(*) from pg_largeobject_metadata)::float8 as "largeObjects",
       getdatabaseencoding() as encoding`,
  )
  const { largeObjects = 0, encoding = '' } = rows[0] ?? {}
  return { tables, largeObjects, encoding }
}
