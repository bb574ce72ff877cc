import type { ClientBase } from '../../postgres/connect.ts'
import { SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'

/** Returns the size of a database in bytes; null when it is gone or this admin may not know. */
export async function databaseSize(client: ClientBase, name: string): Promise<number | null> {
  try {
    const { rows } = await client.query<{ bytes: number | null }>(
      'select pg_database_size($1::name)::float8 as bytes',
      [name],
    )
    return rows[0]?.bytes ?? null
  } catch (error) {
    const sqlstate = sqlstateOf(error)
    if (sqlstate === SQLSTATE.undefinedDatabase || sqlstate === SQLSTATE.insufficientPrivilege) return null
    throw error
  }
}
