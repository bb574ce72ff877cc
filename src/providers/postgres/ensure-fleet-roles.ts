import { FleetError } from '../../model/errors.ts'
import { advisoryLockKey } from '../../postgres/advisory-lock.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import { majorOf } from '../../postgres/server-version.ts'
import { type AdminRights, missingGrants, readAdminRights } from './admin-rights.ts'
import { APP_ROLE, OWNER_ROLE } from './fleet-role-names.ts'

/**
 * Makes the two roles that all fleets on a server share, and the admin a member of the owner; returns its rights.
 * @throws FleetError RIGHT_MISSING with the grants that a superuser has to run, DATABASE_FOREIGN where the roles are not
 * what they have to be
 */
export async function ensureFleetRoles(client: ClientBase): Promise<AdminRights> {
  const found = await readAdminRights(client)
  refuseUnfit(found)
  if (isReady(found)) return found
  refuseMissing(found)
  await client.query(makeRoles(found))
  const made = await readAdminRights(client)
  refuseMissing(made)
  if (isReady(made)) return made
  // Up to 15 a member that does not inherit has no use of the membership.
  throw lacking(made, [`ALTER ROLE ${quoteIdentifier(made.user)} INHERIT;`])
}

function isReady(rights: AdminRights): boolean {
  return rights.ownerRole === 'usable' && rights.appRole === 'grantable' && missingGrants(rights).length === 0
}

/**
 * One message, so one transaction. The lock keeps two processes from granting at the same time; a process that works
 * from another maintenance database is not held by it and is met by the exception.
 */
function makeRoles(rights: AdminRights): string {
  const options = majorOf(rights.version) >= 16 ? ' with inherit true, set true' : ''
  return [
    `select pg_advisory_xact_lock(${advisoryLockKey('fleet roles')})`,
    makeRole(OWNER_ROLE),
    makeRole(APP_ROLE),
    ...(rights.ownerRole === 'usable' || rights.superuser
      ? []
      : [`grant ${quoteIdentifier(OWNER_ROLE)} to ${quoteIdentifier(rights.user)}${options}`]),
  ].join(';\n')
}

function makeRole(role: string): string {
  return `do $$ begin create role ${quoteIdentifier(role)} nologin;
          exception when duplicate_object or unique_violation then null; end $$`
}

function refuseMissing(rights: AdminRights): void {
  const grants = missingGrants(rights)
  if (grants.length > 0) throw lacking(rights, grants)
}

function lacking({ user }: AdminRights, statements: readonly string[]): FleetError {
  return new FleetError('RIGHT_MISSING', `Admin "${user}" lacks rights that making databases needs.`, {
    remedy: `Run as a superuser: ${statements.join(' ')}`,
  })
}

function refuseUnfit({ unfitRoles: [role] }: AdminRights): void {
  if (role === undefined) return
  throw new FleetError('DATABASE_FOREIGN', `There is a role "${role}" that may log in or is a superuser.`, {
    remedy: `Rename it: fleets need roles named ${OWNER_ROLE} and ${APP_ROLE} that nobody logs in as.`,
  })
}
