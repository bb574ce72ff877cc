import type { AdminServer } from './admin-server.ts'

/** Returns the OIDs of databases by their names; those that are not there are left out. */
export async function lookUpDatabases(
  server: AdminServer,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await server.run((client) =>
    client.query<{ name: string; databaseId: string }>(
      `select datname::text as name, oid::text as "databaseId" from pg_database where datname = any($1::name[])`,
      [names],
    ),
  )
  return new Map(rows.map(({ name, databaseId }) => [name, databaseId]))
}
