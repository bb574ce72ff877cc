import { failpoint } from '../../../lib/failpoint.ts'
import type { ConnectionDescriptor } from '../../../model/connection.ts'
import { type Mark, sameMark } from '../../../model/mark.ts'
import type { Placement } from '../../../model/tenant.ts'
import { type Client, withClient } from '../../../postgres/connect.ts'
import type { RestoreOutcome, RestoreRequest } from '../../copying-provider.ts'
import { keyOfDatabase } from '../../database-names.ts'
import { lockMigrations } from '../../lock-migrations.ts'
import { plannedBranch } from '../branch-address.ts'
import { changeSurely } from '../change-surely.ts'
import type { BranchDatabase } from '../connection-of.ts'
import { type DatabaseGrant, giveGrants, readGrants } from '../database-grants.ts'
import { findBranch } from '../delete-branch.ts'
import { explained } from '../explained.ts'
import { isPassword, keepPassword, type Login, loginOf } from '../keep-password.ts'
import { ancestorsOf } from '../lineage.ts'
import { branchMark, neonName } from '../names.ts'
import type { NeonAccount } from '../neon-account.ts'
import type { NeonBranch } from '../neon-api.ts'
import { branchOf, databaseAt, ownerOf, ownServer, type TenantBranch } from '../own-server.ts'
import { orNotFinished } from '../restore-branch.ts'
import { goneTenant, requireBranch } from '../restore-source.ts'
import { withoutWrites } from '../without-writes.ts'
import { closeBranch, listComputes, openBranch } from './computes.ts'
import { foreignBranch } from './find-our-branch.ts'

/**
 * Puts the branch of a restore point in the place of a tenant's: it gets a compute, and with it another host, and the name; the
 * tenant's branch loses both, and is kept. A branch that is no root cannot be set back itself, and one that is set back to another
 * branch costs two more each time, which can never be deleted.
 *
 * Nobody can write from before the loss is counted until the old compute is gone, and nobody gets in there after that. The name goes
 * first: as long as the compute is there the tenant is reached by its address, and called again, it begins anew; a branch that is
 * called what is kept and has no compute says that the loss was agreed to, and it goes on, without asking again.
 * @throws FleetError RESTORE_POINT_UNKNOWN, RESTORE_REFUSED, DATABASE_FOREIGN, TENANT_BUSY, DATABASE_IN_USE and the like; what
 *   `confirm` throws, and then nothing was changed
 */
export async function moveToRestorePoint(
  request: RestoreRequest,
  confirm: (tenant: Client) => Promise<void>,
  account: NeonAccount,
): Promise<RestoreOutcome> {
  const { placement, point, mark, keptMark } = request
  const { projectId, branchId } = branchOf(placement)
  const tenantMark: Mark = {
    ...mark,
    kind: 'tenant',
    key: keyOfDatabase(placement.database, { ...mark, kind: 'tenant' }),
  }
  const old = await requireTenant({ projectId, branchId }, { tenantMark, keptMark }, account)
  const since = account.clock.now().getTime()
  // What is returned to may have been closed to others, to be looked into: the tenant keeps the rights that it gave.
  let grants: readonly DatabaseGrant[] =
    placement.loginRole === null ? [] : [{ role: placement.loginRole, privilege: 'CONNECT', grantable: false }]
  let login = await loginOf(request)
  const isNamed = old.name === neonName(keptMark)
  const isGoingOn = isNamed && (await listComputes({ projectId, branchId }, account)).length === 0
  if (!isGoingOn) {
    await requireBranch(point, mark, account)
    // Whatever refuses the restore from here on, the tenant is what it was.
    if (isNamed) await rename({ projectId, branchId, name: neonName(tenantMark) }, account)
    // Its address is asked for: somebody may have given it another compute, or taken the one away that it had.
    const connection = await openBranch(branchIn(placement), account)
    if (login !== undefined && !(await isPassword(connection, login))) login = undefined
    await withoutWrites(connection, async (client) => {
      await lockMigrations(client, placement.database)
      await confirm(client)
      grants = [...grants, ...(await readGrants(client))]
      failpoint('restore.prepared')
      await rename({ projectId, branchId, name: neonName(keptMark) }, account)
      await orNotFinished(placement.database, () => closeBranch({ projectId, branchId }, account))
    })
  }
  failpoint('restore.swapped')
  const restored = { ...branchIn(placement), branchId: point.databaseId }
  const connection = await orNotFinished(placement.database, () =>
    arrive(restored, { grants, login, tenantMark }, account),
  )
  const listed = () => account.api.listBranches(projectId)
  const branches = await orNotFinished(placement.database, () =>
    explained(`Project ${projectId} was not looked at`, listed),
  )
  const tenant = branches.find(({ id }) => id === restored.branchId)
  return {
    placement: {
      server: placement.server,
      database: placement.database,
      databaseId: restored.branchId,
      ownerRole: placement.ownerRole,
      loginRole: placement.loginRole,
      own: ownServer(connection, restored, account),
    },
    kept: { ...plannedBranch(placement, keptMark), databaseId: branchId },
    closedFor: isGoingOn ? null : account.clock.now().getTime() - since,
    settingsLost: [],
    endpointChanged: true,
    isLast: false,
    bound: tenant === undefined ? [] : ancestorsOf(branches, tenant).map(({ id }) => id),
  }
}

/** @throws FleetError RESTORE_REFUSED for one that is gone, DATABASE_FOREIGN for what is neither the tenant nor kept already */
async function requireTenant(
  { projectId, branchId }: TenantBranch,
  { tenantMark, keptMark }: { readonly tenantMark: Mark; readonly keptMark: Mark },
  account: NeonAccount,
): Promise<NeonBranch> {
  const branch = await getBranch({ projectId, branchId }, account)
  if (branch === undefined) throw goneTenant({ projectId, branchId }, 'RESTORE_REFUSED')
  const found = branchMark(branch)
  if (sameMark(found, tenantMark) || sameMark(found, keptMark)) return branch
  throw foreignBranch(branch, tenantMark)
}

function branchIn(placement: Placement): BranchDatabase {
  const { projectId, branchId } = branchOf(placement)
  return { projectId, branchId, database: databaseAt(placement), role: ownerOf(placement) }
}

/** What the branch of a restore point gets as the tenant's. */
interface Arrival {
  readonly grants: readonly DatabaseGrant[]
  /** Undefined: its password is not ours to set. */
  readonly login: Login | undefined
  readonly tenantMark: Mark
}

/** Makes the branch of a restore point the tenant's; as far as it is that, nothing happens. */
async function arrive(
  branch: BranchDatabase,
  { grants, login, tenantMark }: Arrival,
  account: NeonAccount,
): Promise<ConnectionDescriptor> {
  const { projectId, branchId } = branch
  const connection = await openBranch(branch, account)
  await withClient(connection, { applicationName: 'fleet/restored' }, (client) => giveGrants(client, grants))
  if (login !== undefined) await keepPassword(connection, login)
  await rename({ projectId, branchId, name: neonName(tenantMark) }, account)
  return connection
}

/** Gives a branch a name, unless it has it. */
async function rename(
  { projectId, branchId, name }: { readonly projectId: string; readonly branchId: string; readonly name: string },
  account: NeonAccount,
): Promise<void> {
  const find = async () => {
    const found = await findBranch({ projectId, name }, account)
    return found?.id === branchId ? found : undefined
  }
  if ((await find()) !== undefined) return
  const what = `Branch ${branchId} of project ${projectId} was not called "${name}"`
  const mutation = () => account.api.updateBranch(projectId, branchId, { name })
  await changeSurely({ projectId, what, mutation, look: find }, account)
}

async function getBranch(
  { projectId, branchId }: { readonly projectId: string; readonly branchId: string },
  { api }: NeonAccount,
): Promise<NeonBranch | undefined> {
  return explained(`Branch ${branchId} was not looked at`, () => api.getBranch(projectId, branchId))
}
