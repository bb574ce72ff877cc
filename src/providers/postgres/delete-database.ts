import type { Clock } from '../../lib/clock.ts'
import { failpoint } from '../../lib/failpoint.ts'
import { FleetError } from '../../model/errors.ts'
import type { Mark } from '../../model/mark.ts'
import type { AdminServer } from './admin-server.ts'
import { withDatabaseLock } from './database-lock.ts'
import { type DatabaseFacts, databaseState } from './database-state.ts'
import { dropDatabase } from './drop-database.ts'
import { OWNER_ROLE } from './fleet-role-names.ts'
import { foreignRefusal } from './foreign-refusal.ts'
import { dropLoginRole } from './login-role.ts'
import { readDatabase } from './read-database.ts'

const PATIENCE_MS = 60_000

export interface Deletion {
  readonly database: string
  readonly mark: Mark
  /** What the database had when it was made; null where that is not known, as of one whose making was interrupted. */
  readonly databaseId: string | null
  /** Whom ours of this kind belong to before they are marked; null: anybody, as a copy has its original's owner. */
  readonly owner?: string | null
  /** The login role that goes with it; null: none. */
  readonly loginRole: string | null
  /** Asked while nobody else can make or drop it, with what is there: false leaves all as it is. Left out: always. */
  readonly permits?: (facts: DatabaseFacts | undefined) => Promise<boolean>
  /** How long to wait for whoever makes or drops it, in milliseconds. */
  readonly patience?: number
}

/**
 * Removes a database of ours and its login role; gone is fine, and a repeated call goes on. False: it was not permitted, or
 * nothing of it was there any more.
 * @throws FleetError DATABASE_FOREIGN when mark or OID differ, RIGHT_MISSING, DATABASE_IN_USE
 */
export async function deleteDatabase(server: AdminServer, deletion: Deletion, clock: Clock): Promise<boolean> {
  const { database, mark, databaseId, owner = OWNER_ROLE, loginRole, permits, patience = PATIENCE_MS } = deletion
  return server.run((client) =>
    withDatabaseLock(client, { database, clock, patience }, async () => {
      const facts = await readDatabase(client, database)
      if (permits !== undefined && !(await permits(facts))) return false
      const state = databaseState(facts, { mark, owner })
      if (state === 'foreign') throw foreignRefusal('database', database, server.name, facts?.comment ?? null)
      if (facts && databaseId !== null && facts.databaseId !== databaseId) {
        throw new FleetError(
          'DATABASE_FOREIGN',
          `Database "${database}" on server "${server.name}" is another one than was made: its OID is ${facts.databaseId}, not ${databaseId}.`,
          { remedy: 'Look at what is in it, then rename or drop it yourself.' },
        )
      }
      if (state !== 'missing') await dropDatabase(client, database, state)
      failpoint('tenant.database-dropped')
      const hadRole =
        loginRole !== null && (await dropLoginRole(client, { name: loginRole, server: server.name, mark }))
      return hadRole || state !== 'missing'
    }),
  )
}
