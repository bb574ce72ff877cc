import { FleetError } from '../../model/errors.ts'
import type { Mark } from '../../model/mark.ts'
import type { RestoreRequest } from '../copying-provider.ts'
import { kindOf } from './change-surely.ts'
import { createBranch } from './create-branch.ts'
import { prove } from './create-marker.ts'
import { deleteBranch } from './delete-branch.ts'
import { neonName, ownerAnnotations } from './names.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonRestore } from './neon-api.ts'
import { branchOf } from './own-server.ts'

type Source = Pick<NeonRestore, 'sourceBranchId' | 'sourceLsn'>

/** What is left over removes itself after so long, in milliseconds. */
const EXPIRES_MS = 3_600_000

/**
 * Lets a tenant return to a marker within its own history, also where an earlier restore has moved the marker under what it kept:
 * the tenant would become a child of that, which is never set back to a point in time again. Nobody is disturbed. What a restore has
 * kept is returned to as it is: there is no other way.
 * @throws FleetError RESTORE_REFUSED, unless `force`, where the marker is of a history that the tenant has left; and as `explained`
 */
export async function stayInHistory(
  { placement, mark, isInHistory = false, force = false }: RestoreRequest,
  { sourceBranchId, sourceLsn }: Source,
  account: NeonAccount,
): Promise<Source> {
  const { projectId, branchId } = branchOf(placement)
  if (sourceLsn === undefined || sourceBranchId === branchId) return { sourceBranchId, ...(sourceLsn && { sourceLsn }) }
  const tenant = { projectId, branchId, lsn: sourceLsn }
  if (isInHistory && (await isReachable(tenant, mark, account))) return { sourceBranchId: branchId, sourceLsn }
  if (force) return { sourceBranchId, sourceLsn }
  throw new FleetError(
    'RESTORE_REFUSED',
    `Restore point ${mark.key} is of a history that branch ${branchId} of project ${projectId} has left by a restore: it would be no root after it, and have no restore points and no restores any more.`,
    {
      remedy:
        'Where that is worth it: `fleet restore --force`. What it holds can be read out: `fleet restore-point salvage`.',
    },
  )
}

/**
 * Says whether Neon still has this position of a branch's own history: by a branch there, which is deleted. Whether it has it after an
 * own-history restore to a later one, is not documented (docs/providers/neon.md).
 */
async function isReachable(
  { projectId, branchId, lsn }: { readonly projectId: string; readonly branchId: string; readonly lsn: string },
  { key, ...fleet }: Mark,
  account: NeonAccount,
): Promise<boolean> {
  const mark: Mark = { ...fleet, kind: 'rehearsal', key: `reach-${key}` }
  const name = neonName(mark)
  const branch = {
    parentId: branchId,
    parentLsn: lsn,
    name,
    expiresAt: new Date(account.clock.now().getTime() + EXPIRES_MS),
    annotations: ownerAnnotations(mark),
  }
  const what = `It was not tried whether project ${projectId} can return to ${lsn}`
  try {
    const { id } = (await createBranch({ projectId, branch, mark, what }, account)).branch
    await prove({ projectId, branchId, markerId: id, lsn }, account)
    return true
  } catch (error) {
    const isElsewhere = error instanceof FleetError && error.code === 'RESTORE_POINT_REFUSED'
    if (isElsewhere || kindOf(error) === 'invalid') return false
    throw error
  } finally {
    await deleteBranch({ projectId, name, branchId: null }, mark, account)
  }
}
