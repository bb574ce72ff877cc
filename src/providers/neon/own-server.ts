import type { ConnectionDescriptor } from '../../model/connection.ts'
import { FleetError } from '../../model/errors.ts'
import { Secret } from '../../model/secret.ts'
import type { OwnServer, Placement } from '../../model/tenant.ts'
import { SQLSTATE } from '../../postgres/sqlstate.ts'
import type { NeonAccount } from './neon-account.ts'
import { judgeWakeError } from './wake-errors.ts'

/** The role that Neon makes in each project, and that owns all in it. */
export const OWNER = 'fleet_owner'

/** Where a tenant is at Neon. */
export interface TenantBranch {
  readonly projectId: string
  readonly branchId: string
}

/** Returns what a placement carries of a connection: the password encrypted. */
export function ownServer(
  { host, port, database, user, tls, password }: ConnectionDescriptor,
  { projectId, branchId }: TenantBranch,
  { box }: Pick<NeonAccount, 'box'>,
): OwnServer {
  return {
    address: { host, port, database, user, tls },
    sealed: box.seal(password?.reveal() ?? ''),
    ids: { project: projectId, branch: branchId },
  }
}

/**
 * Returns the ids of a tenant's project and branch.
 * @throws FleetError TENANT_STATE for one that no creation has finished
 */
export function branchOf({ own, database }: Placement): TenantBranch {
  const { project, branch } = own?.ids ?? {}
  if (project === undefined || branch === undefined) throw unfinished(database)
  return { projectId: project, branchId: branch }
}

/** How long a compute may take to wake and to answer, in milliseconds (docs/providers/neon.md). */
const WAKES_WITHIN_MS = 60_000

/**
 * Returns how the owner reaches a tenant's database, without asking Neon.
 * @throws FleetError TENANT_STATE for one that no creation has finished
 */
export function connectionTo({ own, database }: Placement, { box }: Pick<NeonAccount, 'box'>): ConnectionDescriptor {
  if (own === undefined) throw unfinished(database)
  return awaited({ ...own.address, password: new Secret(box.open(own.sealed)) })
}

/** Lets whoever connects wait for the compute to wake. */
export function awaited(connection: ConnectionDescriptor): ConnectionDescriptor {
  return { ...connection, waking: { patience: WAKES_WITHIN_MS, meaningOf } }
}

function unfinished(database: string): FleetError {
  return new FleetError('TENANT_STATE', `Nobody knows yet how to reach "${database}": its creation has not ended.`)
}

/** What Neon's proxy says, as PostgreSQL would: that the compute is not awake yet, or that the account may use no more. */
function meaningOf(refusal: unknown): string | undefined {
  if (!(refusal instanceof Error)) return undefined
  const { message, code } = refusal as Error & { readonly code?: unknown }
  const verdict = judgeWakeError({ message, ...(typeof code === 'string' ? { code } : {}) })
  if (verdict === undefined || verdict === 'give-up') return undefined
  return verdict === 'quota' ? SQLSTATE.insufficientResources : SQLSTATE.cannotConnectNow
}
