import { FleetError } from '../../model/errors.ts'
import type { Mark } from '../../model/mark.ts'
import type { RestorePointRef } from '../copying-provider.ts'
import { parseBranchAddress } from './branch-address.ts'
import { requireOurBranch } from './delete-branch.ts'
import { explained } from './explained.ts'
import { branchMark } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonBranch, NeonRestore } from './neon-api.ts'
import type { TenantBranch } from './own-server.ts'

/**
 * Returns what to restore from: of a marker, its parent at its LSN, which is the tenant's own history unless an earlier restore has
 * moved it; of a state that a restore has kept, its head.
 * @throws FleetError RESTORE_POINT_UNKNOWN, DATABASE_FOREIGN, and as `explained`
 */
export async function restoreSource(
  point: Pick<RestorePointRef, 'database' | 'databaseId'>,
  mark: Mark,
  account: NeonAccount,
): Promise<Pick<NeonRestore, 'sourceBranchId' | 'sourceLsn'>> {
  const branch = await requireBranch(point, mark, account)
  if (mark.kind === 'kept-state') return { sourceBranchId: branch.id }
  if (branch.parentId !== null && branch.parentLsn !== null)
    return { sourceBranchId: branch.parentId, sourceLsn: branch.parentLsn }
  throw new FleetError('RESTORE_POINT_UNKNOWN', `Branch ${branch.id} ("${branch.name}") has no parent any more.`)
}

/**
 * Returns the branch of a restore point.
 * @throws FleetError RESTORE_POINT_UNKNOWN, DATABASE_FOREIGN, and as `explained`
 */
export async function requireBranch(
  { database, databaseId }: Pick<RestorePointRef, 'database' | 'databaseId'>,
  mark: Mark,
  { api }: NeonAccount,
): Promise<NeonBranch> {
  const { projectId, branch: name } = parseBranchAddress(database)
  const branch = await explained(`Branch ${databaseId} was not looked at`, () => api.getBranch(projectId, databaseId))
  if (branch === undefined)
    throw new FleetError('RESTORE_POINT_UNKNOWN', `Branch ${databaseId} ("${name}") of project ${projectId} is gone.`)
  if (mark.kind === 'restore-point' && branchMark(branch)?.kind === 'tenant')
    throw new FleetError('RESTORE_POINT_UNKNOWN', `Branch ${databaseId} is a tenant by now: it was returned to.`)
  requireOurBranch(branch, { projectId, name, branchId: databaseId }, mark)
  return branch
}

const NO_ROOT =
  'It was returned to what an earlier restore had kept, which ended it for good. What its restore points hold can be read out: ' +
  '`fleet restore-point salvage`. To have restore points again, move it to a new tenant by dump and restore; until then, roll ' +
  'risky migrations out to it with `--take-restore-points never`.'

/**
 * Refuses a restore that Neon would refuse, or a restore point that nothing could be restored to, before anybody is disturbed.
 * @param code what is refused
 * @throws FleetError with that code, and as `explained`
 */
export async function requireRestorable(
  { projectId, branchId }: TenantBranch,
  code: 'RESTORE_REFUSED' | 'RESTORE_POINT_REFUSED',
  { api }: NeonAccount,
): Promise<void> {
  const branch = await explained(`Branch ${branchId} was not looked at`, () => api.getBranch(projectId, branchId))
  if (branch === undefined) throw goneTenant({ projectId, branchId }, code)
  if (branch.parentId !== null)
    throw new FleetError(
      code,
      `Branch ${branchId} of project ${projectId} is no root: it has no history to return to.`,
      {
        remedy: NO_ROOT,
      },
    )
  const restricted = branch.restrictedActions.find(({ name }) => name === 'restore')
  if (restricted !== undefined)
    throw new FleetError(
      code,
      `Neon restores branch ${branchId} of project ${projectId} not now: ${restricted.reason}.`,
    )
}

/** That a tenant is not where it was: nothing that `fleet` could be told would help. */
export function goneTenant(
  { projectId, branchId }: TenantBranch,
  code: 'RESTORE_REFUSED' | 'RESTORE_POINT_REFUSED',
): FleetError {
  return new FleetError(code, `The tenant's branch ${branchId} of project ${projectId} is gone.`, {
    remedy: 'Recover it at Neon, in its console or by its API, which keep what was deleted for 7 days; then try again.',
  })
}

/**
 * Returns the branch of a tenant that was restored. Refuses to go on with one whose restore was accepted and has not come to its
 * end: what was there before would be taken for what was put back.
 * @throws FleetError SERVICE_BUSY, and as `explained`
 */
export async function requireRestored(
  { projectId, branchId }: TenantBranch,
  { api }: NeonAccount,
): Promise<NeonBranch> {
  const branch = await explained(`Branch ${branchId} was not looked at`, () => api.getBranch(projectId, branchId))
  if (branch?.state === 'ready') return branch
  throw new FleetError(
    'SERVICE_BUSY',
    `The restore of branch ${branchId} of project ${projectId} has not come to its end: it is ${branch?.state ?? 'gone'}.`,
    {
      remedy: "In Neon's console, look at the operations of the project; what was there before is kept.",
    },
  )
}
