import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import { majorOf } from '../../postgres/server-version.ts'
import { SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'
import { readAdminRights } from './admin-rights.ts'

/**
 * A role's sessions may be ended by its members, and who made a role may become one: so no wider right is needed.
 * Only done with the tenant's own login role, which is named like the database and dropped with it.
 */
export async function becomeMemberOf(client: ClientBase, role: string): Promise<void> {
  const rights = await readAdminRights(client)
  if (rights.superuser || rights.signalBackend) return
  const options = majorOf(rights.version) >= 16 ? ' with inherit true' : ''
  try {
    await client.query(`grant ${quoteIdentifier(role)} to ${quoteIdentifier(rights.user)}${options}`)
  } catch (error) {
    // Without the right to it, ending the session is refused next, and that refusal names the remedy.
    if (sqlstateOf(error) !== SQLSTATE.insufficientPrivilege) throw error
  }
}
