import { failpoint } from '../../lib/failpoint.ts'
import { FleetError } from '../../model/errors.ts'
import type { Placement } from '../../model/tenant.ts'
import { type Client, withClient } from '../../postgres/connect.ts'
import type { RestoreOutcome, RestoreRequest } from '../copying-provider.ts'
import { lockMigrations } from '../lock-migrations.ts'
import { awaitVisible } from './await-visible.ts'
import { formatBranchAddress, parseBranchAddress } from './branch-address.ts'
import { changeSurely, kindOf } from './change-surely.ts'
import { type DatabaseGrant, giveGrants, readGrants } from './database-grants.ts'
import { deleteBranch, findBranch } from './delete-branch.ts'
import { explained } from './explained.ts'
import { isPassword, keepPassword, loginOf } from './keep-password.ts'
import { ancestorsOf } from './lineage.ts'
import { neonName } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonBranch, NeonRestore } from './neon-api.ts'
import { branchOf, connectionTo } from './own-server.ts'
import { requireRootSlot } from './require-root-slot.ts'
import { requireWithinHistory } from './require-within-history.ts'
import { requireRestorable, requireRestored, restoreSource } from './restore-source.ts'
import { stayInHistory } from './stay-in-history.ts'
import { waitForProject } from './wait-for-project.ts'
import { withoutProtection } from './without-protection.ts'
import { withoutWrites } from './without-writes.ts'

/**
 * Puts a tenant's branch back to where a marker was set, in its own history: host, id and compute stay, and what it was is kept
 * as a branch of its own. Nobody can write from before the loss is counted until their sessions are ended. Called again after it was
 * accepted, it waits for its end and changes nothing.
 * @throws FleetError RESTORE_POINT_UNKNOWN, RESTORE_REFUSED, TENANT_BUSY, DATABASE_IN_USE, SERVICE_REFUSED and the like; what `confirm`
 *   throws, and then nothing was changed
 */
export async function restoreBranch(
  request: RestoreRequest,
  confirm: (tenant: Client) => Promise<void>,
  account: NeonAccount,
): Promise<RestoreOutcome> {
  const { placement, point, mark, keptMark, takenAt } = request
  const { projectId, branchId } = branchOf(placement)
  const keptName = neonName(keptMark)
  const findKept = () => findBranch({ projectId, name: keptName }, account)
  const connection = connectionTo(placement, account)
  let closedFor: number | null = null
  // What is returned to may have been closed to others, to be looked into: the tenant keeps the rights that it gave.
  let grants: readonly DatabaseGrant[] =
    placement.loginRole === null ? [] : [{ role: placement.loginRole, privilege: 'CONNECT', grantable: false }]
  let login = await loginOf(request)
  if ((await findKept()) === undefined) {
    const found = await restoreSource(point, mark, account)
    await requireRestorable({ projectId, branchId }, 'RESTORE_REFUSED', account)
    // The head of what a restore has kept is no moment of the past.
    if (takenAt !== undefined && found.sourceLsn !== undefined)
      await requireWithinHistory({ projectId, branchId }, takenAt, account)
    const source = await stayInHistory(request, found, account)
    // From elsewhere, what is kept takes the place of the root that it was: Neon itself says where it needs another.
    if (source.sourceBranchId === branchId) await requireRootSlot({ projectId, branchId }, account)
    if (login !== undefined && !(await isPassword(connection, login))) login = undefined
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
  const { kept, bound } = await orNotFinished(placement.database, finish)
  const isLast = bound.length > 0
  const { database } = parseBranchAddress(point.database)
  return {
    placement: isLast ? withoutReach(placement) : placement,
    kept: {
      server: placement.server,
      database: formatBranchAddress({ projectId, database, branch: keptName }),
      databaseId: kept.id,
    },
    closedFor,
    settingsLost: [],
    endpointChanged: false,
    isLast,
    bound,
  }

  async function finish(): Promise<{ readonly kept: NeonBranch; readonly bound: readonly string[] }> {
    await waitForProject(projectId, account)
    const restored = await requireRestored({ projectId, branchId }, account)
    const isVerified = await withClient(connection, { applicationName: 'fleet/restored' }, async (client) => {
      await giveGrants(client, grants)
      return (await request.verify?.(client)) ?? true
    })
    if (login !== undefined) await keepPassword(connection, login)
    const found = await awaitKept(keptName, findKept, account)
    // It now hangs under what was kept, which could not be removed before it; and what it marked, the tenant is.
    if (mark.kind === 'restore-point' && isVerified)
      await deleteBranch({ projectId, name: neonName(mark), branchId: point.databaseId }, mark, account)
    return { kept: found, bound: restored.parentId === null ? [] : await boundTo(restored, found) }
  }

  /** What a tenant hangs under that is no root any more; and the root that it was, of which Neon does not let go. */
  async function boundTo(tenant: NeonBranch, kept: NeonBranch): Promise<readonly string[]> {
    const listed = () => account.api.listBranches(projectId)
    const branches = await explained(`Project ${projectId} was not looked at`, listed)
    return [kept, ...ancestorsOf(branches, tenant)].map(({ id }) => id)
  }

  async function restore(wanted: NeonRestore): Promise<void> {
    const what = `Database "${placement.database}" was not restored`
    const mutation = () => account.api.restoreBranch(projectId, branchId, wanted)
    // That something is kept under this name says that the restore was accepted.
    await changeSurely({ projectId, what, mutation, look: findKept }, account).catch((error: unknown) => {
      // By a restore that this one goes on with: what it kept could not be seen before.
      if (kindOf(error) !== 'exists') throw error
    })
  }
}

/** How long what a restore has kept is looked for, in milliseconds (docs/providers/neon.md). */
const KEPT_MS = 10_000

/**
 * Waits until what an accepted restore has kept can be seen: nobody else knows where the only copy of it is.
 * @throws FleetError SERVICE_BUSY, and what `find` throws
 */
async function awaitKept(
  name: string,
  find: () => Promise<NeonBranch | undefined>,
  { clock }: NeonAccount,
): Promise<NeonBranch> {
  const kept = await awaitVisible(find, { clock, patience: KEPT_MS })
  if (kept !== undefined) return kept
  throw new FleetError('SERVICE_BUSY', `What was there before is kept as branch "${name}", which cannot be seen yet.`)
}

/** A branch that is no root any more has no history to return to. */
function withoutReach(placement: Placement): Placement {
  return placement.own === undefined ? placement : { ...placement, own: { ...placement.own, reach: 0 } }
}

/**
 * Runs what comes after a restore was accepted: a refusal of it is not to be taken for that of the restore.
 * @throws FleetError SERVICE_BUSY with what was refused; what else `finish` throws
 */
export async function orNotFinished<T>(database: string, finish: () => Promise<T>): Promise<T> {
  return finish().catch((error: unknown) => {
    throw isRefusal(error) ? notFinished(database, error) : error
  })
}

/** Any but those that say nothing of what was asked for. */
function isRefusal(error: unknown): error is FleetError {
  return error instanceof FleetError && error.code !== 'SERVER_UNREACHABLE' && error.code !== 'SERVICE_UNREACHABLE'
}

/** Not to be taken for a restore that was refused, whatever it was that went wrong. */
function notFinished(database: string, cause: FleetError): FleetError {
  return new FleetError(
    'SERVICE_BUSY',
    `The restore of database "${database}" was accepted, and has not come to its end. ${cause.message}`,
    { cause, remedy: `Run it again, and it goes on from there. ${cause.remedy}` },
  )
}
