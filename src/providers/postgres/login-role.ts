import { FleetError } from '../../model/errors.ts'
import { formatMark, type Mark, parseMark, sameMark } from '../../model/mark.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import { APP_ROLE } from './fleet-role-names.ts'
import { foreignRefusal } from './foreign-refusal.ts'

export interface LoginRole {
  readonly name: string
  readonly server: string
  readonly mark: Mark
}

/**
 * Makes the login role of a tenant's application with its mark, or gives the one that is there the password.
 * @throws FleetError DATABASE_FOREIGN for a role of that name without the mark, RIGHT_MISSING for one that another
 * admin made (16+)
 */
export async function ensureLoginRole(
  client: ClientBase,
  role: LoginRole,
  { verifier }: { verifier: string },
): Promise<void> {
  const exists = await hasLoginRole(client, role)
  const name = quoteIdentifier(role.name)
  await client.query(
    [
      `${exists ? 'alter' : 'create'} role ${name} login password ${quoteLiteral(verifier)}`,
      `comment on role ${name} is ${quoteLiteral(formatMark(role.mark))}`,
      `grant ${quoteIdentifier(APP_ROLE)} to ${name}`,
    ].join(';\n'),
  )
}

/**
 * Drops the login role of a tenant's application; false: it was gone.
 * @throws FleetError DATABASE_FOREIGN, RIGHT_MISSING as above
 */
export async function dropLoginRole(client: ClientBase, role: LoginRole): Promise<boolean> {
  const there = await hasLoginRole(client, role)
  if (there) await client.query(`drop role ${quoteIdentifier(role.name)}`)
  return there
}

/**
 * Says whether the role is there, ours and ours to change. Role and mark are made in one transaction: so one without
 * the mark is never a half-made one of ours.
 * @throws FleetError DATABASE_FOREIGN, RIGHT_MISSING as above
 */
export async function hasLoginRole(client: ClientBase, { name, server, mark }: LoginRole): Promise<boolean> {
  const { rows } = await client.query<{ comment: string | null; admin: string; mayChange: boolean }>(
    `select shobj_description(r.oid, 'pg_authid') as comment, current_user as admin,
            pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION')
              or current_setting('server_version_num')::int < 160000 as "mayChange"
       from pg_roles r where r.rolname = $1`,
    [name],
  )
  const found = rows[0]
  if (found === undefined) return false
  if (!sameMark(parseMark(found.comment), mark)) throw foreignRefusal('role', name, server, found.comment)
  if (found.mayChange) return true
  throw new FleetError('RIGHT_MISSING', `Role "${name}" was made by another admin than "${found.admin}".`, {
    remedy: `Run as a superuser: GRANT ${quoteIdentifier(name)} TO ${quoteIdentifier(found.admin)} WITH ADMIN OPTION;`,
  })
}
