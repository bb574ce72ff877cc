import type { ConnectionDescriptor } from '../../model/connection.ts'
import { formatMark, type Mark } from '../../model/mark.ts'
import type { Secret } from '../../model/secret.ts'
import { advisoryLockKey } from '../../postgres/advisory-lock.ts'
import { withClient } from '../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import { installExtension } from '../install-extension.ts'

export interface ProjectPreparation {
  readonly mark: Mark
  readonly extensions: readonly string[]
  /** Of the tenant's application. */
  readonly loginRole: string
  readonly password: Secret
}

/**
 * Sets the rights in a new project's database and makes the login role of the application, with SQL: one that the API makes would
 * join `neon_superuser`. Neon takes no hashed passwords. May be repeated.
 * @throws FleetError RIGHT_MISSING, CONFIG_INVALID for an extension, SERVER_UNREACHABLE
 */
export async function prepareProject(
  to: ConnectionDescriptor,
  { mark, extensions, loginRole, password }: ProjectPreparation,
): Promise<void> {
  await withClient(to, { applicationName: 'fleet/prepare' }, async (client) => {
    // Until the connection ends: another process may be at the same tenant.
    await client.query('select pg_advisory_lock($1)', [advisoryLockKey(`prepare ${loginRole}`)])
    const { rows } = await client.query<{ database: string; exists: boolean }>(
      'select current_database() as database, exists (select from pg_roles where rolname = $1) as exists',
      [loginRole],
    )
    const { database: name = to.database, exists = false } = rows[0] ?? {}
    const role = quoteIdentifier(loginRole)
    const database = quoteIdentifier(name)
    const byDefault = 'alter default privileges grant'
    for (const extension of extensions) await installExtension(client, extension)
    await client.query(
      [
        `${exists ? 'alter' : 'create'} role ${role} login password ${quoteLiteral(password.reveal())}`,
        // So that the owner may end its sessions before a restore.
        `grant ${role} to current_user`,
        `grant usage on schema public to ${role}`,
        `${byDefault} select, insert, update, delete on tables to ${role}`,
        `${byDefault} usage, select, update on sequences to ${role}`,
        `${byDefault} execute on functions to ${role}`,
        `${byDefault} usage on schemas to ${role}`,
        `comment on database ${database} is ${quoteLiteral(formatMark(mark))}`,
        `revoke all on database ${database} from public`,
        `grant connect on database ${database} to ${role}`,
      ].join(';\n'),
    )
  })
}
