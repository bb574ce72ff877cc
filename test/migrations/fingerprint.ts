import type { HistoryTables } from '../../src/migrations/migration.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { type Client, withClient } from '../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import { CATALOG_QUERIES } from './catalog-queries.ts'

/**
 * Reads what a database is, as sorted lines: everything in its catalog that somebody made, the rows of its tables, and
 * the names in its migration history in order. Two databases have the same lines when nobody could tell them apart by
 * more than OIDs and the time at which something happened.
 */
export async function fingerprint(connection: ConnectionDescriptor, tables: HistoryTables): Promise<readonly string[]> {
  return withClient(connection, { applicationName: 'test' }, async (client) => {
    // Everything else is then named with its schema.
    await client.query('set search_path = pg_catalog; set jit = off')
    const lines = await firstColumn(client, CATALOG_QUERIES.join(' union all '))
    const history = quoteIdentifier(tables.schema ?? 'public', tables.table)
    return [...lines.sort(), ...(await contents(client, tables)), ...(await historyLines(client, history))]
  })
}

/** What a column holds by a default that answers differently each time is no part of what a database is. */
const DIFFERS_EACH_TIME = String.raw`\m(gen_random_uuid|uuidv[47]|random|clock_timestamp|now)\(|CURRENT_TIMESTAMP`

async function contents(client: Client, { table }: HistoryTables): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string; columns: string }>(
    `select c.oid::regclass::text as name, coalesce((
        select string_agg(format('%I', attname), ', ' order by attnum) from pg_attribute a
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and attnum > 0 and not attisdropped
          and coalesce(pg_get_expr(adbin, adrelid), '') !~ $1 and (c.relname, attname) <> ($2, 'timestamp')
      ), '') as columns
     from pg_class c where relkind in ('r', 'm') and relispopulated and relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
     order by 1`,
    [DIFFERS_EACH_TIME, table],
  )
  const texts = rows.map(
    ({ name, columns }) =>
      `select '${name.replaceAll("'", "''")}: ' || r from (select row(${columns})::text as r from only ${name}) it`,
  )
  return texts.length === 0 ? [] : (await firstColumn(client, texts.join(' union all '))).toSorted()
}

async function historyLines(client: Client, history: string): Promise<readonly string[]> {
  const there = await firstColumn(client, `select to_regclass('${history}')::text`)
  if (there[0] === null) return []
  return firstColumn(client, `select 'history: ' || name from ${history} order by "timestamp", name`)
}

async function firstColumn(client: Client, text: string): Promise<string[]> {
  const { rows = [] } = await client.query<string[]>({ text, rowMode: 'array' })
  return rows.map(([value]) => value as string)
}
