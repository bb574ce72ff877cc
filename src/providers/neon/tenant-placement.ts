import type { Provider } from '../provider.ts'

/** What of the provider depends on what a tenant is at Neon. */
export type TenantPlacement = Pick<
  Provider,
  | 'hasTemplates'
  | 'sharesServers'
  | 'copiesAtOnce'
  | 'ensureTemplate'
  | 'deleteTemplate'
  | 'plannedPlacement'
  | 'createDatabase'
  | 'deleteDatabase'
  | 'findMarked'
  | 'wasNeverUsed'
  | 'removeMarked'
  | 'lookUpDatabases'
  | 'foreseeService'
  | 'diagnose'
  | 'positions'
  | 'createRestorePoint'
  | 'restore'
  | 'lookIntoRestorePoint'
  | 'releaseRestorePoint'
  | 'branch'
>

/** All projects and branches of an account are on one server, as far as waves and placement go. */
export const SERVER = 'neon'

/** Expected of making a branch, in milliseconds (docs/providers/neon.md). */
export const BRANCH_MS = 3_000
