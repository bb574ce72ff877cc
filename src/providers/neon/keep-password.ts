import type { ConnectionDescriptor } from '../../model/connection.ts'
import { FleetError } from '../../model/errors.ts'
import type { Secret } from '../../model/secret.ts'
import { withClient } from '../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { RestoreRequest } from '../copying-provider.ts'

/** How the application of a tenant logs in. */
export interface Login {
  readonly role: string
  readonly password: Secret
}

/** Returns how the application of a tenant logs in; undefined where the fleet does not know. */
export async function loginOf({
  placement: { loginRole },
  readPassword,
}: Pick<RestoreRequest, 'placement' | 'readPassword'>): Promise<Login | undefined> {
  const password = await readPassword?.()
  return loginRole === null || password === undefined ? undefined : { role: loginRole, password }
}

/**
 * Says whether the password that the fleet knows is that of the role. Where somebody has changed it, no restore may change it back.
 * @param owner how the owner of the database reaches it
 * @throws FleetError SERVER_UNREACHABLE
 */
export async function isPassword(owner: ConnectionDescriptor, { role, password }: Login): Promise<boolean> {
  const application = { ...owner, user: role, password }
  return withClient(application, { applicationName: 'fleet/login' }, async () => true).catch((error: unknown) => {
    if (error instanceof FleetError && error.code === 'AUTHENTICATION_FAILED') return false
    // It was accepted, and the rights are others'.
    if (error instanceof FleetError && error.code === 'RIGHT_MISSING') return true
    throw error
  })
}

/**
 * Sets the password of a role anew where a restore has taken the role back to another one. Neon takes no hashed passwords.
 * @param owner how the owner of the database reaches it
 * @throws FleetError SERVER_UNREACHABLE
 */
export async function keepPassword(owner: ConnectionDescriptor, login: Login): Promise<void> {
  if (await isPassword(owner, login)) return
  await withClient(owner, { applicationName: 'fleet/login' }, (client) =>
    client.query(`alter role ${quoteIdentifier(login.role)} password ${quoteLiteral(login.password.reveal())}`),
  )
}
