import { FleetError } from '../../model/errors.ts'
import { createMarker } from './create-marker.ts'
import { checkProjectDeletable, deleteTenantProject } from './delete-project.ts'
import { diagnoseNeon } from './diagnose-neon.ts'
import { findMarkedProjects, removeMarkedProject, wasNeverUsed } from './find-marked-projects.ts'
import { foreseeService } from './foresee-service.ts'
import { lookIntoMarker } from './look-into-marker.ts'
import { lookUpProjects } from './look-up-projects.ts'
import type { NeonAccount } from './neon-account.ts'
import { planOf } from './plan-of.ts'
import { createPositions } from './positions.ts'
import { createRehearsalBranch } from './rehearsal-branch.ts'
import { releaseBranch } from './release-branch.ts'
import { restoreBranch } from './restore-branch.ts'
import { SERVER, type TenantPlacement } from './tenant-placement.ts'
import { createTenantProject, plannedProject } from './tenant-project.ts'

/** Neon's limit of requests, not its computes, is what more would meet. */
const BRANCHES_AT_ONCE = 20

/** Makes tenants that are projects, each the only root of its own history. */
export function projectPerTenant(account: NeonAccount): TenantPlacement {
  return {
    hasTemplates: false,
    sharesServers: false,
    copiesAtOnce: BRANCHES_AT_ONCE,
    // It hangs under what was kept then, and no such branch is set back to a moment.
    keptIsLast: true,

    async ensureTemplate() {
      throw noTemplates()
    },
    async deleteTemplate() {
      throw noTemplates()
    },

    plannedPlacement: plannedProject,
    createDatabase: (spec) => createTenantProject(spec, account),
    checkDeletable: (placement, mark) => checkProjectDeletable(placement, mark, account),
    deleteDatabase: (placement, mark) => deleteTenantProject(placement, mark, account),

    findMarked: (by) => findMarkedProjects(by, { server: SERVER, account }),
    wasNeverUsed: (found) => wasNeverUsed(found, account),
    removeMarked: (found, isOrphan) => removeMarkedProject(found, isOrphan, account),
    lookUpDatabases: (_server, names, recorded) => lookUpProjects(names, { account, recorded }),
    foreseeService: async (work) => foreseeService(work, await planOf(account), account),
    diagnose: () => diagnoseNeon(account),

    positions: createPositions(account),
    createRestorePoint: (placement, mark, looks) => createMarker(placement, mark, looks, account),
    restore: (request, confirm) => restoreBranch(request, confirm, account),
    lookIntoRestorePoint: (point, mark, look) => lookIntoMarker(point, mark, { look, account }),
    releaseRestorePoint: (ref, mark) => releaseBranch(ref, mark, ({ isDefault }) => isDefault, account),

    branch: (request) => createRehearsalBranch(request, account),
  }
}

function noTemplates(): FleetError {
  return new FleetError(
    'TEMPLATE_MISSING',
    'There are no templates at Neon where each tenant is a project: a branch is always in the project of its parent.',
  )
}
