import type { Clock } from '../../lib/clock.ts'
import type { SecretBox } from '../../lib/secret-box.ts'
import type { ClosureLog } from '../../model/closure.ts'
import { FleetError } from '../../model/errors.ts'
import type { NeonSettings } from '../../model/neon-settings.ts'
import type { Placement } from '../../model/tenant.ts'
import type { Provider } from '../provider.ts'
import { parseBranchAddress, plannedBranch } from './branch-address.ts'
import { branchPerTenant } from './branch-per-tenant/branch-per-tenant.ts'
import { poolerOf } from './connection-of.ts'
import { createNeonApi } from './create-neon-api.ts'
import { deleteBranch } from './delete-branch.ts'
import { createNeonAccount } from './neon-account.ts'
import { branchOf, connectionTo, databaseAt, ownerOf, requireKind } from './own-server.ts'
import { projectPerTenant } from './project-per-tenant.ts'
import { suspendAfterWork } from './suspend-after-work.ts'
import { BRANCH_MS, ofOneKind, SERVER } from './tenant-placement.ts'
import { protectAgain } from './without-protection.ts'

export interface NeonProviderOptions {
  readonly settings: NeonSettings
  readonly clock: Clock
  /** Encrypts the passwords of projects' owners, which placements carry. */
  readonly box: SecretBox
  /** Left out: a protected branch is not restored. */
  readonly closures?: ClosureLog | undefined
}

/** How long Neon can recover a deleted project or branch, in milliseconds, as it documents. */
const KEEPS_DELETED_MS = 7 * 24 * 3_600_000
/** How long answers are waited for that nothing depends on, in milliseconds. */
const HASTY_MS = { usual: 5_000, long: 5_000 }
const PLACEMENTS = { 'project-per-tenant': projectPerTenant, 'branch-per-tenant': branchPerTenant } as const

/** Makes the provider whose tenants are at Neon: projects, or branches of one project. */
export function createNeonProvider({ settings, clock, box, closures }: NeonProviderOptions): Provider {
  const { apiKey, baseUrl, requestsPerMinute, requestsPerSecond, suspendAfter } = settings
  const options = { apiKey, baseUrl, requestsPerMinute, requestsPerSecond, clock }
  const api = createNeonApi(options)
  const hasty = createNeonApi({ ...options, isPatient: false, timeouts: HASTY_MS })
  const account = createNeonAccount({ api, hasty, settings, box, clock, closures })
  return {
    ...ofOneKind(PLACEMENTS[settings.placement](account), settings),
    kind: 'neon',
    isPrivate: false,
    servers: [SERVER],
    copiesGoWithTenant: true,
    keepsDeletedFor: KEEPS_DELETED_MS,

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

    requireKind: (placement) => requireKind(placement, settings),
    connect: async (placement) => connectionTo(placement, account),
    poolerOf: async (placement) =>
      poolerOf({ ...branchOf(placement), database: databaseAt(placement), role: ownerOf(placement) }, account),

    ...(suspendAfter ? { attend: (placement: Placement) => suspendAfterWork(placement, account) } : {}),

    // Projects that others have made are adopted by their URLs.
    async *findDatabases() {},
    // To know it, the compute would have to be woken.
    databaseSize: async () => null,

    plannedRestorePoint: plannedBranch,
    foreseeCopies: async (_server, databases) => ({
      // Neon keeps what changes since, not a copy.
      copies: databases.map(() => ({ bytes: 0, method: 'branch', diskBytes: 0, closes: false })),
      freeBytes: null,
    }),
    guessCopyMs: () => BRANCH_MS,

    plannedBranch,
    async deleteBranch({ database }, mark) {
      const { projectId, branch: name } = parseBranchAddress(database)
      await deleteBranch({ projectId, name, branchId: null }, mark, account)
    },

    // Nobody is ever left waiting; but what is protected must not be left without.
    reopen: (closure) => protectAgain(closure, account),
    async close() {},
  }
}
