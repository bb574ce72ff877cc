import { SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'
import type { AdminServer } from './admin-server.ts'

/** Returns the OIDs of databases by their names; those that are not there are left out. */
export async function lookUpDatabases(
  server: AdminServer,
  names: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await server.run((client) =>
    client.query<{ name: string; oid: number }>(
      `select datname::text as name, oid::int8::float8 as oid from pg_database where datname = any($1::name[])`,
      [names],
    ),
  )
  return new Map(rows.map(({ name, oid }) => [name, oid]))
}

/** Returns the size of a database in bytes; null when it is gone or this admin may not know. */
export async function databaseSize(server: AdminServer, name: string): Promise<number | null> {
  return server.run(async (client) => {
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
  })
}
