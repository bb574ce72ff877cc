import type { Clock } from '../../lib/clock.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import type { Mark } from '../../model/mark.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import { databaseName } from '../database-names.ts'
import type { AdminServer } from './admin-server.ts'
import { createClosedDatabase } from './create-closed-database.ts'
import { withDatabaseLock } from './database-lock.ts'
import { databaseState } from './database-state.ts'
import { foreignRefusal } from './foreign-refusal.ts'
import { openDatabase } from './open-database.ts'
import { readDatabase } from './read-database.ts'

const PATIENCE_MS = 60_000

/**
 * Makes the database for the catalog if it is missing, and returns how to reach it. It belongs to the admin, not to
 * the role that tenants' migrations run as: they have no business in it.
 * @throws FleetError DATABASE_FOREIGN, RIGHT_MISSING, SERVER_UNREACHABLE
 */
export async function ensureCatalogDatabase(
  server: AdminServer,
  fleet: string,
  clock: Clock,
): Promise<ConnectionDescriptor> {
  // The catalog's id is made inside it, later: the fleet's name has to do as its mark.
  const mark: Mark = { fleet, catalogId: '', kind: 'catalog', key: fleet }
  const name = databaseName(mark)
  const owner = server.admin.user
  await server.run(async (client) => {
    if ((await stateOf()) === 'open') return
    await withDatabaseLock(client, { database: name, clock, patience: PATIENCE_MS }, async () => {
      const state = await stateOf()
      if (state === 'open') return
      if (state === 'invalid') await client.query(`drop database ${quoteIdentifier(name)}`)
      if (state === 'missing' || state === 'invalid') {
        await createClosedDatabase(client, { name, template: 'template0', owner, strategy: 'default' })
      }
      await client.query(openDatabase({ name, mark }))
    })

    async function stateOf() {
      const facts = await readDatabase(client, name)
      const state = databaseState(facts, { mark, owner })
      if (state === 'foreign') throw foreignRefusal('database', name, server.name, facts?.comment ?? null)
      return state
    }
  })
  return { ...server.admin, database: name }
}
