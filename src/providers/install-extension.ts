import { FleetError } from '../model/errors.ts'
import type { ClientBase } from '../postgres/connect.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'
import { SQLSTATE, sqlstateOf } from '../postgres/sqlstate.ts'

/**
 * Installs an extension, and those that it needs; one that is there is fine.
 * @throws FleetError RIGHT_MISSING for one that only a superuser may install, CONFIG_INVALID for one that is not there
 */
export async function installExtension(client: ClientBase, extension: string): Promise<void> {
  try {
    await client.query(`create extension if not exists ${quoteIdentifier(extension)} cascade`)
  } catch (error) {
    throw error instanceof Error ? extensionRefusal(extension, error) : error
  }
}

function extensionRefusal(extension: string, cause: Error): FleetError {
  const missing = sqlstateOf(cause) === SQLSTATE.insufficientPrivilege
  return new FleetError(
    missing ? 'RIGHT_MISSING' : 'CONFIG_INVALID',
    `Extension "${extension}" cannot be installed: ${cause.message}.`,
    {
      cause,
      remedy: missing
        ? 'Let the admin be a superuser, or take it out of `extensions`: the server trusts only superusers with it.'
        : 'Install its package on the server, or take it out of `extensions`.',
    },
  )
}
