import type { Clock } from '../../lib/clock.ts'
import type { SecretBox } from '../../lib/secret-box.ts'
import type { ClosureLog } from '../../model/closure.ts'
import { FleetError } from '../../model/errors.ts'
import type { Mark } from '../../model/mark.ts'
import type { Provider } from '../provider.ts'
import { parseBranchAddress } from './branch-address.ts'
import { poolerOf } from './connection-of.ts'
import { createMarker, plannedMarker } from './create-marker.ts'
import { createNeonApi } from './create-neon-api.ts'
import { deleteBranch } from './delete-branch.ts'
import { deleteTenantProject } from './delete-project.ts'
import { diagnoseNeon } from './diagnose-neon.ts'
import { findMarkedProjects, removeMarkedProject } from './find-marked-projects.ts'
import { foreseeService } from './foresee-service.ts'
import { lookIntoMarker } from './look-into-marker.ts'
import { lookUpProjects } from './look-up-projects.ts'
import { createNeonAccount, type NeonSettings } from './neon-account.ts'
import { branchOf, connectionTo } from './own-server.ts'
import { createRehearsalBranch, plannedBranch } from './rehearsal-branch.ts'
import { restoreBranch } from './restore-branch.ts'
import { createTenantProject, plannedProject } from './tenant-project.ts'
import { protectAgain } from './without-protection.ts'

export interface NeonProviderOptions {
  readonly settings: NeonSettings
  readonly clock: Clock
  /** Encrypts the passwords of projects' owners, which placements carry. */
  readonly box: SecretBox
  /** Left out: a protected branch is not restored. */
  readonly closures?: ClosureLog | undefined
}

/** All projects of an account are on one server, as far as waves and placement go. */
const SERVER = 'neon'
/** Expected of making a branch, in milliseconds (docs/providers/neon.md). */
const BRANCH_MS = 3_000
/** Neon's limit of requests, not its computes, is what more would meet. */
const BRANCHES_AT_ONCE = 20

/** Makes the provider whose tenants are projects at Neon, each the only root of its own history. */
export function createNeonProvider({ settings, clock, box, closures }: NeonProviderOptions): Provider {
  const { apiKey, baseUrl, requestsPerMinute, requestsPerSecond } = settings
  const api = createNeonApi({ apiKey, baseUrl, requestsPerMinute, requestsPerSecond, clock })
  const account = createNeonAccount({ api, settings, box, clock, closures })
  return {
    kind: 'neon',
    isPrivate: false,
    hasTemplates: false,
    servers: [SERVER],
    copiesGoWithTenant: true,
    copiesAtOnce: BRANCHES_AT_ONCE,

    async capabilities() {
      const version = settings.pgVersion * 10_000
      return { granularity: 'database', servers: [{ server: SERVER, version, clone: 'no', superuser: false }] }
    },

    async ensureCatalogDatabase() {
      throw new FleetError(
        'CONFIG_INVALID',
        'The catalog is in no project of a tenant: `catalog.url` says where it is.',
      )
    },

    async ensureTemplate() {
      throw noTemplates()
    },
    async deleteTemplate() {
      throw noTemplates()
    },

    plannedPlacement: plannedProject,
    createDatabase: (spec) => createTenantProject(spec, account),
    connect: async (placement) => connectionTo(placement, account),
    poolerOf: async (placement) =>
      poolerOf({ ...branchOf(placement), database: placement.own?.address.database ?? placement.database }, account),
    deleteDatabase: (placement, mark) => deleteTenantProject(placement, mark, account),

    // Projects that others have made are adopted by their URLs.
    async *findDatabases() {},
    findMarked: (by) => findMarkedProjects(by, { server: SERVER, account }),
    removeMarked: (found, isOrphan) => removeMarkedProject(found, isOrphan, account),
    lookUpDatabases: (_server, names) => lookUpProjects(names, account),
    // To know it, the compute would have to be woken.
    databaseSize: async () => null,
    foreseeService: (work) => foreseeService(work, account),
    diagnose: () => diagnoseNeon(account),

    plannedRestorePoint: plannedMarker,
    createRestorePoint: (placement, mark, looks) => createMarker(placement, mark, looks, account),
    restore: (request, confirm) => restoreBranch(request, confirm, account),
    lookIntoRestorePoint: (point, mark, look) => lookIntoMarker(point, mark, { look, account }),
    releaseRestorePoint: ({ database, databaseId }, mark) => release({ database, databaseId }, mark),

    foreseeCopies: async (_server, databases) => ({
      // Neon keeps what changes since, not a copy.
      copies: databases.map(() => ({ bytes: 0, method: 'branch', diskBytes: 0, closes: false })),
      freeBytes: null,
    }),
    guessCopyMs: () => BRANCH_MS,

    plannedBranch,
    branch: (request) => createRehearsalBranch(request, account),
    deleteBranch: ({ database }, mark) => release({ database, databaseId: null }, mark),

    // Nobody is ever left waiting; but what is protected must not be left without.
    reopen: (closure) => protectAgain(closure, account),
    async close() {},
  }

  async function release(
    { database, databaseId: branchId }: { readonly database: string; readonly databaseId: string | null },
    mark: Mark,
  ): Promise<void> {
    const { projectId, branch: name } = parseBranchAddress(database)
    await deleteBranch({ projectId, name, branchId }, mark, account)
  }
}

function noTemplates(): FleetError {
  return new FleetError(
    'TEMPLATE_MISSING',
    'There are no templates at Neon: a branch is always in the project of its parent.',
  )
}
