import type { Clock } from '../../lib/clock.ts'
import { failpoint } from '../../lib/failpoint.ts'
import { FleetError } from '../../model/errors.ts'
import type { Mark } from '../../model/mark.ts'
import type { AdminServer } from './admin-server.ts'
import { withDatabaseLock } from './database-lock.ts'
import { type DatabaseFacts, type DatabaseState, databaseState } from './database-state.ts'
import { dropDatabase } from './drop-database.ts'
import { OWNER_ROLE } from './fleet-role-names.ts'
import { foreignRefusal } from './foreign-refusal.ts'
import { dropLoginRole, hasLoginRole } from './login-role.ts'
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
  const { database, mark, loginRole, permits, patience = PATIENCE_MS } = deletion
  return server.run((client) =>
    withDatabaseLock(client, { database, clock, patience }, async () => {
      const facts = await readDatabase(client, database)
      if (permits !== undefined && !(await permits(facts))) return false
      const state = requireOurs(facts, deletion, server)
      if (state !== 'missing') await dropDatabase(client, database, state)
      failpoint('tenant.database-dropped')
      const hadRole =
        loginRole !== null && (await dropLoginRole(client, { name: loginRole, server: server.name, mark }))
      return hadRole || state !== 'missing'
    }),
  )
}

/**
 * Refuses what `deleteDatabase` would refuse by mark, OID or rights. Changes nothing.
 * @throws FleetError DATABASE_FOREIGN, RIGHT_MISSING
 */
export async function checkDeletable(server: AdminServer, deletion: Deletion): Promise<void> {
  const { database, mark, loginRole } = deletion
  await server.run(async (client) => {
    requireOurs(await readDatabase(client, database), deletion, server)
    if (loginRole !== null) await hasLoginRole(client, { name: loginRole, server: server.name, mark })
  })
}

/** Returns the state of a database that is ours, or missing. @throws FleetError DATABASE_FOREIGN */
function requireOurs(
  facts: DatabaseFacts | undefined,
  { database, mark, databaseId, owner = OWNER_ROLE }: Deletion,
  { name: server }: AdminServer,
): Exclude<DatabaseState, 'foreign'> {
  const state = databaseState(facts, { mark, owner })
  if (state === 'foreign') throw foreignRefusal('database', database, server, facts?.comment ?? null)
  if (facts === undefined || databaseId === null || facts.databaseId === databaseId) return state
  throw new FleetError(
    'DATABASE_FOREIGN',
    `Database "${database}" on server "${server}" is another one than was made: its OID is ${facts.databaseId}, not ${databaseId}.`,
    { remedy: 'Look at what is in it, then rename or drop it yourself.' },
  )
}
