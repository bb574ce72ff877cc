import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'

/** A right on a database that another role than its owner has. */
export interface DatabaseGrant {
  /** Null: PUBLIC. */
  readonly role: string | null
  /** As in GRANT: CONNECT, TEMPORARY, CREATE. */
  readonly privilege: string
  readonly grantable: boolean
}

const GRANTS = `
select r.rolname::text as role, a.privilege_type as privilege, a.is_grantable as grantable
  from pg_database d cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
  left join pg_roles r on r.oid = a.grantee
 where d.datname = current_database() and a.grantee <> d.datdba`

/** Returns what rights others than its owner have on the database that one is in. */
export async function readGrants(client: ClientBase): Promise<readonly DatabaseGrant[]> {
  return (await client.query<DatabaseGrant>(GRANTS)).rows
}

/** Takes all rights of others on the database that one is in away, as its owner: then they do not get in. */
export async function takeGrants(client: ClientBase): Promise<void> {
  const roles = new Set((await readGrants(client)).map(({ role }) => role))
  if (roles.size === 0) return
  const database = await databaseOf(client)
  await client.query(
    [...roles].map((it) => `revoke all on database ${database} from ${grantee(it)} cascade`).join(';\n'),
  )
}

/** Gives others these rights on the database that one is in, as its owner, as far as they lack them and the roles are there. */
export async function giveGrants(client: ClientBase, wanted: readonly DatabaseGrant[]): Promise<void> {
  const there = await readGrants(client)
  const isThere = ({ role, privilege, grantable }: DatabaseGrant) =>
    there.some((it) => it.role === role && it.privilege === privilege && (it.grantable || !grantable))
  const roles = await existingRoles(
    client,
    wanted.flatMap(({ role }) => role ?? []),
  )
  const missing = wanted.filter((it) => !isThere(it) && (it.role === null || roles.has(it.role)))
  if (missing.length === 0) return
  const database = await databaseOf(client)
  const give = ({ role, privilege, grantable }: DatabaseGrant) =>
    `grant ${privilege} on database ${database} to ${grantee(role)}${grantable ? ' with grant option' : ''}`
  await client.query(missing.map(give).join(';\n'))
}

async function existingRoles(client: ClientBase, names: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(
    'select rolname::text as name from pg_roles where rolname = any ($1)',
    [names],
  )
  return new Set(rows.map(({ name }) => name))
}

async function databaseOf(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ name: string }>('select current_database()::text as name')
  return quoteIdentifier(rows[0]?.name ?? '')
}

const grantee = (role: string | null) => (role === null ? 'public' : quoteIdentifier(role))
