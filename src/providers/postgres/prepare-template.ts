import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import { installExtension } from '../install-extension.ts'
import { APP_ROLE, OWNER_ROLE } from './fleet-role-names.ts'

/**
 * Sets the rights in a new template that its copies inherit, and installs the extensions, as admin.
 * @throws FleetError RIGHT_MISSING for an extension that only a superuser may install
 */
export async function prepareTemplate(client: ClientBase, extensions: readonly string[]): Promise<void> {
  await takePublicSchema(client)
  await client.query(GRANTS)
  for (const extension of extensions) await installExtension(client, extension)
}

const owner = quoteIdentifier(OWNER_ROLE)
const app = quoteIdentifier(APP_ROLE)
const byDefault = `alter default privileges for role ${owner} grant`

/** Default privileges cover what later migrations make, in schemas they make, too. */
const GRANTS = [
  `grant usage on schema public to ${app}`,
  `${byDefault} select, insert, update, delete on tables to ${app}`,
  `${byDefault} usage, select, update on sequences to ${app}`,
  `${byDefault} execute on functions to ${app}`,
  `${byDefault} usage on schemas to ${app}`,
].join(';\n')

/**
 * Up to 14, and in clusters upgraded from there, anybody may create in `public`, which belongs to the superuser: make
 * it what it is from 15 on. Only a superuser may; for other admins `fleet doctor` warns.
 */
async function takePublicSchema(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ open: boolean; superuser: boolean }>(
    `select has_schema_privilege('public', 'public', 'create') as open, rolsuper as superuser
       from pg_roles where rolname = current_user`,
  )
  if (!rows[0]?.open || !rows[0].superuser) return
  await client.query('alter schema public owner to pg_database_owner; revoke create on schema public from public')
}
