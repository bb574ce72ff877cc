import type { Closure } from '../../model/closure.ts'
import { FleetError } from '../../model/errors.ts'
import type { Placement } from '../../model/tenant.ts'
import { changeSurely } from './change-surely.ts'
import { explained } from './explained.ts'
import type { NeonAccount } from './neon-account.ts'
import { branchOf, type TenantBranch } from './own-server.ts'

/** In the place of a pooler's address. */
const PROTECTION = 'neon: protected branch'

/**
 * Lifts the protection of a tenant's branch, which refuses restores, for as long as `use` takes. It is recorded before: what a
 * process that dies leaves unprotected, the next one protects again.
 * @throws FleetError RESTORE_REFUSED, and as `explained`; what `use` throws
 */
export async function withoutProtection<T>(
  placement: Placement,
  account: NeonAccount,
  use: () => Promise<T>,
): Promise<T> {
  const tenant = branchOf(placement)
  const { projectId, branchId } = tenant
  const branch = await explained(`Branch ${branchId} was not looked at`, () =>
    account.api.getBranch(projectId, branchId),
  )
  if (branch?.isProtected !== true) return use()
  if (account.closures === undefined)
    throw new FleetError('RESTORE_REFUSED', `Branch ${branchId} of project ${projectId} is protected.`, {
      remedy: "Lift its protection in Neon's console first.",
    })
  const { server, database } = placement
  const record = await account.closures.record([
    { server, database, pooler: PROTECTION, entry: `${projectId}/${branchId}` },
  ])
  let isProtected = false
  try {
    await setProtection(tenant, false, account)
    return await use()
  } finally {
    try {
      await setProtection(tenant, true, account)
      isProtected = true
    } finally {
      if (isProtected) await record.strikeOut()
      else record.leave()
    }
  }
}

/** Protects a branch again that a process has left without; one that is gone is fine. */
export async function protectAgain({ pooler, entry }: Closure, account: NeonAccount): Promise<void> {
  const [projectId, branchId] = entry.split('/')
  if (pooler !== PROTECTION || projectId === undefined || branchId === undefined) return
  const branch = await explained(`Branch ${branchId} was not looked at`, () =>
    account.api.getBranch(projectId, branchId),
  )
  if (branch !== undefined) await setProtection({ projectId, branchId }, true, account)
}

async function setProtection(
  { projectId, branchId }: TenantBranch,
  isProtected: boolean,
  account: NeonAccount,
): Promise<void> {
  const what = `The protection of branch ${branchId} of project ${projectId} was not ${isProtected ? 'set' : 'lifted'}`
  const mutation = () => account.api.updateBranch(projectId, branchId, { isProtected })
  const look = async () => {
    const branch = await account.api.getBranch(projectId, branchId)
    return branch?.isProtected === isProtected ? branch : undefined
  }
  await changeSurely({ projectId, what, mutation, look }, account)
}
