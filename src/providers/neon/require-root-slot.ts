import { FleetError } from '../../model/errors.ts'
import { explained } from './explained.ts'
import type { NeonAccount } from './neon-account.ts'
import type { TenantBranch } from './own-server.ts'
import { planOf } from './plan-of.ts'

/**
 * Refuses a restore for which the plan leaves no root branch, before anybody is disturbed: what was there before is kept as one.
 * Where the plan is not known, Neon says so itself.
 * @throws FleetError SERVICE_LIMIT, and as `explained`
 */
export async function requireRootSlot({ projectId }: TenantBranch, account: NeonAccount): Promise<void> {
  const known = await planOf(account)
  if (known === undefined) return
  const branches = await explained(`Project ${projectId} was not looked at`, () => account.api.listBranches(projectId))
  const roots = branches.filter(({ parentId }) => parentId === null)
  if (roots.length < known.plan.rootBranches) return
  throw new FleetError(
    'SERVICE_LIMIT',
    `Project ${projectId} has ${roots.length} root branches, which is all that plan ${known.name} allows: what is there now could not be kept.`,
    { remedy: 'Let go of what earlier restores have kept: `fleet restore-point prune`, once it has expired.' },
  )
}
