import type { Address, ConnectionDescriptor } from '../../model/connection.ts'
import type { Secret } from '../../model/secret.ts'
import { addressOf, isLoopback, parseConnectionString } from '../../postgres/connection-string.ts'
import { explained } from './explained.ts'
import type { NeonAccount } from './neon-account.ts'
import { OWNER } from './own-server.ts'

export interface BranchDatabase {
  readonly projectId: string
  readonly branchId: string
  readonly database: string
  /** Its owner's; left out: that of the projects that we make. */
  readonly role?: string
}

/**
 * Returns how the owner reaches a database of a branch that has a compute, directly.
 * @param uri what the answer that made it has said; left out: Neon is asked
 * @throws FleetError as `explained`
 */
export async function connectionOf(
  { projectId, branchId, database, role = OWNER }: BranchDatabase,
  { api }: Pick<NeonAccount, 'api'>,
  uri?: Secret,
): Promise<ConnectionDescriptor> {
  const asked = () => api.getConnectionUri(projectId, { branchId, database, role })
  const given = uri ?? (await explained(`How to reach project ${projectId} was not told`, asked))
  return read(given)
}

/**
 * Returns the pooler before a tenant's compute. The host is not made from that of the compute: Neon says it whole.
 * @throws FleetError as `explained`
 */
export async function poolerOf(
  { projectId, branchId, database, role = OWNER }: BranchDatabase,
  { api }: Pick<NeonAccount, 'api'>,
): Promise<Address> {
  const asked = () => api.getConnectionUri(projectId, { branchId, database, role, pooled: true })
  return addressOf(read(await explained(`The pooler of project ${projectId} was not told`, asked)))
}

/** Neon's say `require`, which does not look at the certificate. */
function read(uri: Secret): ConnectionDescriptor {
  const { tls, ...connection } = parseConnectionString(withoutOptions(uri.reveal()))
  return { ...connection, tls: tls === 'off' && isLoopback(connection.host) ? 'off' : 'verify' }
}

/** Options other than that of TLS are for other clients. */
function withoutOptions(uri: string): string {
  const url = new URL(uri)
  for (const name of [...url.searchParams.keys()]) if (name !== 'sslmode') url.searchParams.delete(name)
  return url.href
}
