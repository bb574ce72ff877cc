import { parseBranchAddress } from '../branch-address.ts'
import { createMarker, type MarkerRules } from '../create-marker.ts'
import { explained } from '../explained.ts'
import { lookIntoMarker } from '../look-into-marker.ts'
import { branchMark } from '../names.ts'
import type { NeonAccount } from '../neon-account.ts'
import { createRehearsalBranch } from '../rehearsal-branch.ts'
import { releaseBranch } from '../release-branch.ts'
import { goneTenant, requireBranch } from '../restore-source.ts'
import { SERVER, type TenantPlacement } from '../tenant-placement.ts'
import { checkBranchDeletable, deleteTenantBranch } from './delete-tenant-branch.ts'
import { diagnoseBranches } from './diagnose-branches.ts'
import { findMarkedBranches, lookUpBranches, removeMarkedBranch } from './find-marked-branches.ts'
import { foreseeBranches } from './foresee-branches.ts'
import { moveToRestorePoint } from './move-to-restore-point.ts'
import { createSharedProjects } from './shared-project.ts'
import { deleteTemplateBranch, ensureTemplateBranch } from './template-branch.ts'
import { createTenantBranch, plannedBranchDatabase } from './tenant-branch.ts'

/**
 * Makes tenants that are branches of one project, each a clone of a template. None has a history of its own to return to: a
 * restore puts another branch in its place, and with it another address.
 */
export function branchPerTenant(account: NeonAccount): TenantPlacement {
  const projects = createSharedProjects(account)
  const context = { account, projects }
  return {
    hasTemplates: true,
    // Only so many computes of one project may run at once.
    sharesServers: true,
    // Changes of one project wait for each other.
    copiesAtOnce: 1,
    keptIsLast: false,

    ensureTemplate: (spec, build) => ensureTemplateBranch(spec, build, context),
    deleteTemplate: (ref, mark) => deleteTemplateBranch(ref, mark, context),

    plannedPlacement: plannedBranchDatabase,
    createDatabase: (spec) => createTenantBranch(spec, context),
    checkDeletable: (placement, mark) => checkBranchDeletable(placement, mark, account),
    deleteDatabase: (placement, mark) => deleteTenantBranch(placement, mark, context),

    findMarked: (by) => findMarkedBranches(by, { server: SERVER, ...context }),
    removeMarked: (found, isOrphan) => removeMarkedBranch(found, isOrphan, context),
    lookUpDatabases: (_server, names) => lookUpBranches(names, context),
    foreseeService: (work) => foreseeBranches(work, context),
    diagnose: () => diagnoseBranches(context),

    createRestorePoint: (placement, mark, looks) => createMarker(placement, mark, looks, account, OF_BRANCHES),
    restore: (request, confirm) => moveToRestorePoint(request, confirm, account),
    async lookIntoRestorePoint(point, mark, look) {
      const role = await projects.ownerRoleOf(parseBranchAddress(point.database).projectId)
      await lookIntoMarker(point, mark, { look, account, role })
    },
    releaseRestorePoint: (ref, mark) => releaseBranch(ref, mark, (it) => branchMark(it)?.kind === 'tenant', account),

    branch: (request) =>
      createRehearsalBranch(request, account, async (point, mark) => ({
        // It does not expire, so it may have children.
        sourceBranchId: (await requireBranch(point, mark, account)).id,
      })),
  }
}

/** A restore point becomes the tenant: it must be there for as long as that. */
const OF_BRANCHES: MarkerRules = {
  expires: false,
  async requireTenant({ projectId, branchId }, { api }) {
    const branch = await explained(`Branch ${branchId} was not looked at`, () => api.getBranch(projectId, branchId))
    if (branch === undefined) throw goneTenant({ projectId, branchId }, 'RESTORE_POINT_REFUSED')
  },
}
