import type { ClientBase } from '../../postgres/connect.ts'
import type { DatabaseFacts } from './database-state.ts'

/** Reads what the server knows of a database, by its name; undefined when there is none. */
export async function readDatabase(client: ClientBase, name: string): Promise<DatabaseFacts | undefined> {
  const { rows } = await client.query<DatabaseFacts>(
    `select d.oid::text as "databaseId", pg_get_userbyid(d.datdba) as owner, d.datallowconn as open,
            d.datconnlimit = -2 as invalid, shobj_description(d.oid, 'pg_database') as comment
       from pg_database d where d.datname = $1`,
    [name],
  )
  return rows[0]
}
