import type { ConnectionDescriptor, WakingRefusal } from '../../model/connection.ts'
import { FleetError } from '../../model/errors.ts'
import type { NeonSettings } from '../../model/neon-settings.ts'
import { Secret } from '../../model/secret.ts'
import type { OwnServer, Placement } from '../../model/tenant.ts'
import { SQLSTATE } from '../../postgres/sqlstate.ts'
import type { NeonAccount } from './neon-account.ts'
import { judgeWakeError, type WakeVerdict } from './wake-errors.ts'

/** The role that Neon makes in each project, and that owns all in it. */
export const OWNER = 'fleet_owner'

/** Roles that a tenant's application cannot log in as: ours, Neon's own, and what Neon calls the owner unless it is told (its API's specification). */
export const TAKEN_ROLES: readonly string[] = [OWNER, 'neon_superuser', 'neondb_owner']

/** Where a tenant is at Neon. */
export interface TenantBranch {
  readonly projectId: string
  readonly branchId: string
}

/**
 * Returns what a placement carries of a connection: the password encrypted.
 * @param historySeconds how far back the project's history reaches; null: Neon has not said, or nothing is to return to it
 */
export function ownServer(
  { host, port, database, user, tls, password }: ConnectionDescriptor,
  { projectId, branchId }: TenantBranch,
  { box }: Pick<NeonAccount, 'box'>,
  historySeconds: number | null = null,
): OwnServer {
  return {
    address: { host, port, database, user, tls },
    sealed: box.seal(password?.reveal() ?? ''),
    ...(historySeconds === null ? {} : { reach: historySeconds * 1_000 }),
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

const PART_OF = { 'project-per-tenant': 'project', 'branch-per-tenant': 'branch' } as const

/**
 * Refuses a tenant that was made when `placement` said otherwise: what it is would be looked for where it is not, and seem gone.
 * @throws FleetError CONFIG_INVALID
 */
export function requireKind(
  { database, databaseId, own }: Pick<Placement, 'database' | 'databaseId' | 'own'>,
  { placement }: Pick<NeonSettings, 'placement'>,
): void {
  const part = PART_OF[placement]
  if (databaseId === null || own === undefined || own.ids[part] === databaseId) return
  const other = part === 'project' ? 'branch' : 'project'
  throw new FleetError('CONFIG_INVALID', `provider.placement: "${database}" is a ${other} at Neon, not a ${part}.`, {
    remedy: `Set \`placement\` to '${other}-per-tenant', as it was when the tenant was made.`,
  })
}

/** Returns what a tenant's database is called at Neon. A branch has the name of the tenant's; the placement has its address. */
export function databaseAt({ own, database }: Placement): string {
  return own?.address.database ?? database
}

/** Returns the role that owns a tenant's database. */
export function ownerOf({ own }: Placement): string {
  return own?.address.user ?? OWNER
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

/**
 * How long is waited until less computes run at once, in milliseconds: Neon suspends one that nobody uses after 5 min, as a rule. Who
 * waits keeps its place among those who work at once, so that there are as many of those as may run.
 */
const LESS_RUN_WITHIN_MS = 6 * 60_000

const MEANINGS: Readonly<Record<WakeVerdict, WakingRefusal | undefined>> = {
  wait: { sqlstate: SQLSTATE.cannotConnectNow, patience: WAKES_WITHIN_MS },
  retry: { sqlstate: SQLSTATE.cannotConnectNow, patience: WAKES_WITHIN_MS },
  'lower-concurrency': { sqlstate: SQLSTATE.insufficientResources, patience: LESS_RUN_WITHIN_MS },
  quota: { sqlstate: SQLSTATE.insufficientResources, patience: 0 },
  'give-up': undefined,
}

/** What Neon's proxy says, as PostgreSQL would: that the compute is not awake yet, or that the account may use no more. */
export function meaningOf(refusal: unknown): WakingRefusal | undefined {
  if (!(refusal instanceof Error)) return undefined
  const { message, code } = refusal as Error & { readonly code?: unknown }
  const verdict = judgeWakeError({ message, ...(typeof code === 'string' ? { code } : {}) })
  return verdict && MEANINGS[verdict]
}
