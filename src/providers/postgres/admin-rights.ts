import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import { majorOf, type ServerVersion } from '../../postgres/server-version.ts'
import { APP_ROLE, OWNER_ROLE } from './fleet-role-names.ts'

/** Who the admin is on a server, and what it may do with the roles that all fleets on it share. */
export interface AdminRights {
  readonly version: ServerVersion
  readonly user: string
  readonly superuser: boolean
  readonly createDatabase: boolean
  readonly createRole: boolean
  /** May end the sessions of others that are no superusers. */
  readonly signalBackend: boolean
  /** `usable`: it may act as the owner, and give databases to it. */
  readonly ownerRole: 'missing' | 'present' | 'usable'
  /** It may make itself a member of the owner role. */
  readonly grantsOwnerRole: boolean
  /** Of the two roles, those that somebody logs in as, or superusers: what they have, every tenant would get. */
  readonly unfitRoles: readonly string[]
  /** `grantable`: it may make others members. */
  readonly appRole: 'missing' | 'present' | 'grantable'
}

/** Reads the rights of whoever is connected. */
export async function readAdminRights(client: ClientBase): Promise<AdminRights> {
  // Up to 15 CREATEROLE may grant any role; from 16 on only one that it has ADMIN on, and SET is a right of its own.
  const { rows } = await client.query<AdminRights>(
    `select v.version, me.rolname as user, me.rolsuper as superuser,
            me.rolcreatedb or me.rolsuper as "createDatabase", me.rolcreaterole or me.rolsuper as "createRole",
            pg_has_role(me.oid, 'pg_signal_backend', 'USAGE') as "signalBackend",
            case when owner.oid is null then 'missing'
                 when pg_has_role(me.oid, owner.oid, 'USAGE')
                  and pg_has_role(me.oid, owner.oid, case when v.version >= 160000 then 'SET' else 'MEMBER' end) then 'usable'
                 else 'present' end as "ownerRole",
            case when owner.oid is null then me.rolcreaterole or me.rolsuper
                 else pg_has_role(me.oid, owner.oid, 'MEMBER WITH ADMIN OPTION') or (v.version < 160000 and me.rolcreaterole)
                 end as "grantsOwnerRole",
            case when app.oid is null then 'missing'
                 when pg_has_role(me.oid, app.oid, 'MEMBER WITH ADMIN OPTION') or (v.version < 160000 and me.rolcreaterole)
                 then 'grantable'
                 else 'present' end as "appRole",
            (select coalesce(array_agg(rolname::text order by rolname), '{}') from pg_roles
              where rolname in ($1, $2) and (rolcanlogin or rolsuper)) as "unfitRoles"
       from pg_roles me
       cross join (select current_setting('server_version_num')::int as version) v
       left join pg_roles owner on owner.rolname = $1
       left join pg_roles app on app.rolname = $2
      where me.rolname = current_user`,
    [OWNER_ROLE, APP_ROLE],
  )
  return rows[0] as AdminRights
}

/** Returns what a superuser has to run before this admin can make tenants, complete; empty when nothing is missing. */
export function missingGrants(rights: AdminRights): readonly string[] {
  const admin = quoteIdentifier(rights.user)
  const attributes = [rights.createDatabase ? '' : ' CREATEDB', rights.createRole ? '' : ' CREATEROLE'].join('')
  const options = majorOf(rights.version) >= 16 ? ' WITH INHERIT TRUE, SET TRUE' : ''
  return [
    ...(attributes === '' ? [] : [`ALTER ROLE ${admin}${attributes};`]),
    ...(rights.ownerRole === 'present' && !rights.grantsOwnerRole
      ? [`GRANT ${OWNER_ROLE} TO ${admin}${options};`]
      : []),
    ...(rights.appRole === 'present' ? [`GRANT ${APP_ROLE} TO ${admin} WITH ADMIN OPTION;`] : []),
  ]
}
