import type { ConnectionDescriptor } from '../../../model/connection.ts'
import { formatMark, type Mark } from '../../../model/mark.ts'
import type { Secret } from '../../../model/secret.ts'
import { advisoryLockKey } from '../../../postgres/advisory-lock.ts'
import { type Client, withClient } from '../../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../../postgres/identifiers.ts'
import { installExtension } from '../../install-extension.ts'

/**
 * Sets the rights in a template, with a role that has those of an application in what is made from then on: the login roles of
 * tenants, which come later, are its members. As the owner of the database.
 * @throws FleetError RIGHT_MISSING, CONFIG_INVALID for an extension
 */
export async function prepareTemplate(
  client: Client,
  { mark, extensions }: { readonly mark: Mark; readonly extensions: readonly string[] },
): Promise<void> {
  const role = appRole(mark)
  const app = quoteIdentifier(role)
  const byDefault = 'alter default privileges grant'
  for (const extension of extensions) await installExtension(client, extension)
  await client.query(
    [
      `do $$ begin create role ${app} nologin; exception when duplicate_object then null; end $$`,
      `grant usage on schema public to ${app}`,
      `${byDefault} select, insert, update, delete on tables to ${app}`,
      `${byDefault} usage, select, update on sequences to ${app}`,
      `${byDefault} execute on functions to ${app}`,
      `${byDefault} usage on schemas to ${app}`,
      `revoke all on database ${quoteIdentifier(await databaseOf(client))} from public`,
    ].join(';\n'),
  )
}

export interface TenantPreparation {
  readonly mark: Mark
  /** Of the tenant's application. */
  readonly loginRole: string
  readonly password: Secret
}

/**
 * Makes the login role of a tenant's application in a branch of a template, with SQL: one that the API makes would join
 * `neon_superuser`. Neon takes no hashed passwords. May be repeated.
 * @throws FleetError RIGHT_MISSING, SERVER_UNREACHABLE
 */
export async function prepareTenant(
  to: ConnectionDescriptor,
  { mark, loginRole, password }: TenantPreparation,
): Promise<void> {
  await withClient(to, { applicationName: 'fleet/prepare' }, async (client) => {
    // Until the connection ends: another process may be at the same tenant.
    await client.query('select pg_advisory_lock($1)', [advisoryLockKey(`prepare ${loginRole}`)])
    const { rows } = await client.query<{ exists: boolean }>(
      'select exists (select from pg_roles where rolname = $1) as exists',
      [loginRole],
    )
    const role = quoteIdentifier(loginRole)
    const database = quoteIdentifier(await databaseOf(client))
    await client.query(
      [
        `${rows[0]?.exists ? 'alter' : 'create'} role ${role} login password ${quoteLiteral(password.reveal())}`,
        // So that the owner may end its sessions before a restore.
        `grant ${role} to current_user`,
        `grant ${quoteIdentifier(appRole(mark))} to ${role}`,
        `comment on database ${database} is ${quoteLiteral(formatMark(mark))}`,
        `revoke all on database ${database} from public`,
        `grant connect on database ${database} to ${role}`,
      ].join(';\n'),
    )
  })
}

/** Roles are a branch's own at Neon; they are named after the fleet all the same, as its login roles are. */
function appRole({ fleet }: Mark): string {
  return `${fleet}__app`
}

/** Where roles and databases are mapped in between, it is not what one has connected to. */
async function databaseOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>('select current_database()::text as name')
  return rows[0]?.name ?? ''
}
