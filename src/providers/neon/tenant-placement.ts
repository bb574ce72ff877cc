import type { NeonSettings } from '../../model/neon-settings.ts'
import type { Placement } from '../../model/tenant.ts'
import type { Provider } from '../provider.ts'
import { requireKind } from './own-server.ts'

/** What of the provider depends on what a tenant is at Neon. */
export type TenantPlacement = Pick<
  Provider,
  | 'hasTemplates'
  | 'sharesServers'
  | 'copiesAtOnce'
  | 'keptIsLast'
  | 'ensureTemplate'
  | 'deleteTemplate'
  | 'plannedPlacement'
  | 'createDatabase'
  | 'checkDeletable'
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

/**
 * Lets through to all that looks at or changes a tenant only those that are what the configuration says. Not to `connect`, which
 * goes by an address alone.
 * @throws FleetError CONFIG_INVALID from each of these
 */
export function ofOneKind(made: TenantPlacement, settings: Pick<NeonSettings, 'placement'>): TenantPlacement {
  const fitting = (placement: Placement): Placement => {
    requireKind(placement, settings)
    return placement
  }
  const { positions } = made
  return {
    ...made,
    checkDeletable: async (placement, mark) => made.checkDeletable(fitting(placement), mark),
    deleteDatabase: async (placement, mark) => made.deleteDatabase(fitting(placement), mark),
    createRestorePoint: async (placement, mark, looks, options) =>
      made.createRestorePoint(fitting(placement), mark, looks, options),
    restore: async (request, confirm) => made.restore({ ...request, placement: fitting(request.placement) }, confirm),
    branch: async (request) => made.branch({ ...request, placement: fitting(request.placement) }),
    ...(positions === undefined
      ? {}
      : {
          positions: {
            note: async (placement, observe) => positions.note(fitting(placement), observe),
            keep: async (placement, mark, noted) => positions.keep(fitting(placement), mark, noted),
          },
        }),
  }
}
