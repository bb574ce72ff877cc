import { failpoint } from '../../lib/failpoint.ts'
import { FleetError } from '../../model/errors.ts'
import type { Mark } from '../../model/mark.ts'
import type { Placement } from '../../model/tenant.ts'
import { type Client, withClient } from '../../postgres/connect.ts'
import type { CreatedRestorePoint, RestorePointLooks, RestorePointRef } from '../copying-provider.ts'
import { lockMigrations } from '../lock-migrations.ts'
import { plannedBranch } from './branch-address.ts'
import { createBranch } from './create-branch.ts'
import { explained } from './explained.ts'
import { neonName, ownerAnnotations } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import { branchOf, connectionTo, type TenantBranch } from './own-server.ts'
import { requireRestorable } from './restore-source.ts'

/** Neon keeps an expiring branch for 30 days at most; it is removed long before, by us. */
const LONGEST_MS = 29 * 24 * 3_600_000

/** What depends on how a tenant is returned to a marker. */
export interface MarkerRules {
  /** Whether Neon may remove it by itself, if we never do. */
  readonly expires: boolean
  /** Refuses a tenant that could not be returned to it; throws RESTORE_POINT_REFUSED, and as `explained`. */
  readonly requireTenant: (tenant: TenantBranch, account: NeonAccount) => Promise<void>
}

/** A root is set back in its own history. */
const OF_ROOTS: MarkerRules = {
  expires: true,
  requireTenant: (tenant, account) => requireRestorable(tenant, 'RESTORE_POINT_REFUSED', account),
}

/**
 * Marks a moment of a tenant's history by a branch without compute: that Neon makes it proves that the moment can be reached, and
 * keeps it beyond the history window. Nobody is disturbed. The same mark again makes it anew.
 * @throws FleetError TENANT_BUSY, RESTORE_POINT_REFUSED, SERVICE_LIMIT and the like; what `observe` throws
 */
export async function createMarker(
  placement: Placement,
  mark: Mark,
  { observe }: RestorePointLooks,
  account: NeonAccount,
  { expires, requireTenant }: MarkerRules = OF_ROOTS,
): Promise<CreatedRestorePoint> {
  const { clock } = account
  await requireTenant(branchOf(placement), account)
  return withClient(connectionTo(placement, account), { applicationName: 'fleet/restore-point' }, async (client) => {
    // Else half of a migration outside a transaction could be what it leads back to.
    await lockMigrations(client, placement.database)
    const before = clock.now().getTime()
    await observe(client)
    const { lsn, bytes } = await readHead(client)
    const marker = await markMoment(placement, { mark, lsn, expires }, account)
    const tookMs = clock.now().getTime() - before
    const copying = { method: 'branch', diskBytes: 0, closedMs: 0, tookMs }
    return { ...marker, bytes, settingsLost: [], copying }
  })
}

/**
 * Makes the branch of a mark, at one position of a tenant's history, and sees that it is there.
 * @throws FleetError RESTORE_POINT_REFUSED, SERVICE_LIMIT and the like
 */
export async function markMoment(
  placement: Placement,
  { mark, lsn, expires = true }: { readonly mark: Mark; readonly lsn: string; readonly expires?: boolean },
  account: NeonAccount,
): Promise<RestorePointRef> {
  const tenant = branchOf(placement)
  const branch = {
    parentId: tenant.branchId,
    parentLsn: lsn,
    name: neonName(mark),
    ...(expires ? { expiresAt: new Date(account.clock.now().getTime() + LONGEST_MS) } : {}),
    annotations: ownerAnnotations(mark),
  }
  const what = `Restore point ${mark.key} was not made`
  const { id } = (await createBranch({ projectId: tenant.projectId, branch, mark, what }, account)).branch
  failpoint('restore-point.copied')
  await prove({ ...tenant, markerId: id, lsn }, account)
  return { ...plannedBranch(placement, mark), databaseId: id }
}

/**
 * Returns where the log of a tenant ends, and its size. In a message of its own: what is in the message that wrote would lie before
 * its commit.
 */
export async function readHead(client: Client): Promise<{ readonly lsn: string; readonly bytes: number }> {
  const { rows } = await client.query<{ lsn: string; bytes: number }>(
    'select pg_current_wal_flush_lsn()::text as lsn, pg_database_size(current_database())::float8 as bytes',
  )
  const [head] = rows
  if (head === undefined) throw new FleetError('RESTORE_POINT_REFUSED', 'The server did not say where its log ends.')
  return head
}

/**
 * Sees that a branch is at a position of a tenant's history.
 * @throws FleetError RESTORE_POINT_REFUSED when Neon has made it of another moment; and as `explained`
 */
export async function prove(
  { projectId, branchId, markerId, lsn }: TenantBranch & { readonly markerId: string; readonly lsn: string },
  { api }: NeonAccount,
): Promise<void> {
  const made = await explained(`Branch ${markerId} was not looked at`, () => api.getBranch(projectId, markerId))
  if (made?.state === 'ready' && made.parentId === branchId && sameLsn(made.parentLsn, lsn)) return
  throw new FleetError(
    'RESTORE_POINT_REFUSED',
    `Branch ${markerId} of project ${projectId} is not at ${lsn} of its parent: it is ${made?.state ?? 'gone'}, at ${made?.parentLsn ?? 'no LSN'}.`,
  )
}

/** Neon may write them in another way. */
function sameLsn(one: string | null, other: string): boolean {
  const read = (text: string) =>
    text
      .split('/')
      .map((part) => Number.parseInt(part, 16))
      .join('/')
  return one !== null && read(one) === read(other)
}
