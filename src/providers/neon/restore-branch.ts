import { failpoint } from '../../lib/failpoint.ts'
import { FleetError } from '../../model/errors.ts'
import { type Client, withClient } from '../../postgres/connect.ts'
import type { RestoreOutcome, RestoreRequest } from '../copying-provider.ts'
import { lockMigrations } from '../lock-migrations.ts'
import { formatBranchAddress, parseBranchAddress } from './branch-address.ts'
import { changeSurely } from './change-surely.ts'
import { type DatabaseGrant, giveGrants, readGrants } from './database-grants.ts'
import { deleteBranch, findBranch } from './delete-branch.ts'
import { neonName } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonBranch, NeonRestore } from './neon-api.ts'
import { branchOf, connectionTo } from './own-server.ts'
import { requireRootSlot } from './require-root-slot.ts'
import { requireRestorable, requireRestored, restoreSource } from './restore-source.ts'
import { waitForProject } from './wait-for-project.ts'
import { withoutProtection } from './without-protection.ts'
import { withoutWrites } from './without-writes.ts'

/**
 * Puts a tenant's branch back to where a marker was set, in its own history: host, id and compute stay, and what it was is kept
 * as a branch of its own. Nobody can write from before the loss is counted until their sessions are ended. Called again after it was
 * accepted, it waits for its end and changes nothing.
 * @throws FleetError RESTORE_POINT_UNKNOWN, RESTORE_REFUSED, TENANT_BUSY, DATABASE_IN_USE, NEON_REFUSED and the like; what `confirm`
 *   throws, and then nothing was changed
 */
export async function restoreBranch(
  { placement, point, mark, keptMark }: RestoreRequest,
  confirm: (tenant: Client) => Promise<void>,
  account: NeonAccount,
): Promise<RestoreOutcome> {
  const { projectId, branchId } = branchOf(placement)
  const keptName = neonName(keptMark)
  const findKept = () => findBranch({ projectId, name: keptName }, account)
  const connection = connectionTo(placement, account)
  let closedFor: number | null = null
  // What is returned to may have been closed to others, to be looked into: the tenant keeps the rights that it gave.
  let grants: readonly DatabaseGrant[] =
    placement.loginRole === null ? [] : [{ role: placement.loginRole, privilege: 'CONNECT', grantable: false }]
  if ((await findKept()) === undefined) {
    const source = await restoreSource(point, mark, account)
    await requireRestorable({ projectId, branchId }, 'RESTORE_REFUSED', account)
    await requireRootSlot({ projectId, branchId }, account)
    closedFor = await withoutProtection(placement, account, () =>
      withoutWrites(connection, async (client) => {
        await lockMigrations(client, placement.database)
        const since = account.clock.now().getTime()
        await confirm(client)
        grants = [...grants, ...(await readGrants(client))]
        failpoint('restore.prepared')
        await restore({ ...source, preserveUnderName: keptName })
        return account.clock.now().getTime() - since
      }),
    )
  }
  failpoint('restore.swapped')
  const kept = await finish().catch((error: unknown) => {
    throw isRefusal(error) ? notFinished(placement.database, error) : error
  })
  const { database } = parseBranchAddress(point.database)
  return {
    placement,
    kept:
      (kept && {
        server: placement.server,
        database: formatBranchAddress({ projectId, database, branch: keptName }),
        databaseId: kept.id,
      }) ||
      null,
    closedFor,
    settingsLost: [],
  }

  async function finish(): Promise<NeonBranch | undefined> {
    await waitForProject(projectId, account)
    await requireRestored({ projectId, branchId }, account)
    await withClient(connection, { applicationName: 'fleet/restored' }, (client) => giveGrants(client, grants))
    const found = await findKept()
    // It now hangs under what was kept, which could not be removed before it; and what it marked, the tenant is.
    if (mark.kind === 'restore-point')
      await deleteBranch({ projectId, name: neonName(mark), branchId: point.databaseId }, mark, account)
    return found
  }

  async function restore(request: NeonRestore): Promise<void> {
    const what = `Database "${placement.database}" was not restored`
    const mutation = () => account.api.restoreBranch(projectId, branchId, request)
    // That something is kept under this name says that the restore was accepted.
    await changeSurely({ projectId, what, mutation, look: findKept }, account)
  }
}

/** Any but those that say nothing of what was asked for. */
function isRefusal(error: unknown): error is FleetError {
  return error instanceof FleetError && error.code !== 'SERVER_UNREACHABLE' && error.code !== 'NEON_UNREACHABLE'
}

/** Not to be taken for a restore that was refused, whatever it was that went wrong. */
function notFinished(database: string, cause: FleetError): FleetError {
  return new FleetError(
    'NEON_BUSY',
    `The restore of database "${database}" was accepted, and has not come to its end. ${cause.message}`,
    { cause, remedy: `Run it again, and it goes on from there. ${cause.remedy}` },
  )
}
