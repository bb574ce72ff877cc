import { FleetError } from '../../model/errors.ts'
import type { Placement } from '../../model/tenant.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import type { DatabaseFacts } from './database-state.ts'
import { readDatabase } from './read-database.ts'

/**
 * Reads what the server knows of a tenant's database.
 * @throws FleetError DATABASE_FOREIGN when it is gone, or another one than the catalog knows
 */
export async function readTenantDatabase(
  client: ClientBase,
  server: string,
  { database, databaseId }: Placement,
): Promise<DatabaseFacts> {
  const facts = await readDatabase(client, database)
  if (facts === undefined)
    throw new FleetError('DATABASE_FOREIGN', `There is no database "${database}" on server "${server}".`)
  if (databaseId === null || facts.databaseId === databaseId) return facts
  throw new FleetError(
    'DATABASE_FOREIGN',
    `Database "${database}" on server "${server}" is another one than the fleet knows: its OID is ${facts.databaseId}, not ${databaseId}.`,
    { remedy: 'Look at what is in it. If somebody restored it by hand, run `fleet tenant refresh`.' },
  )
}
