import type { CatalogDb } from '../catalog/catalog-schema.ts'
import {
  EXAMPLES,
  listMadeCopies,
  type RestorePointShare,
  type RestorePointShares,
  shareRestorePoints,
  sumRestorePoints,
} from '../catalog/restore-point-costs.ts'
import { FleetError } from '../model/errors.ts'
import type { RestorePointCost } from '../model/restore-point-cost.ts'
import type { CopyOutlook } from '../providers/copying-provider.ts'
import type { Provider } from '../providers/provider.ts'
import { estimateCost } from '../restore/estimate-cost.ts'
import { needsRestorePoint } from './needs-restore-point.ts'
import type { PlannedRollout } from './plan-rollout.ts'

/** Sizes of so many databases per server are read: reading one takes the server a millisecond or so. */
const SAMPLE = 200
/** Times are told from so many restore points of a server, the newest. */
const MEASURED = 50

const NOBODY: RestorePointShares = { servers: [], elsewhere: { tenants: 0, examples: [] } }

export interface PlanRestorePointsContext {
  readonly db: CatalogDb
  readonly provider: Pick<Provider, 'foreseeCopies' | 'guessCopyMs' | 'positions'>
  /** `restorePoints.maxBytes` by server; undefined: no limit. */
  readonly maxBytesOf: (server: string) => number | undefined
}

/**
 * Adds to a plan what its restore points are expected to take. A plan that takes none stays as it is, without a look at any
 * server; of a server that cannot be reached nothing is known.
 */
export async function planRestorePoints(
  planned: PlannedRollout,
  { db, provider, maxBytesOf }: PlanRestorePointsContext,
): Promise<PlannedRollout> {
  const { plan, assignment } = planned
  const hasPositions = provider.positions !== undefined
  const needing = (isNoted: boolean) =>
    plan.versions
      .filter(({ pending }) => {
        const needed = needsRestorePoint(plan, pending)
        return needed !== 'none' && (needed === 'any' && hasPositions) === isNoted
      })
      .map((it) => it.history)
  const share = (histories: readonly (readonly string[])[]): Promise<RestorePointShares> =>
    histories.length === 0
      ? Promise.resolve(NOBODY)
      : shareRestorePoints(db, { plan, assignment, histories, most: SAMPLE })
  const [copied, noted] = await Promise.all([share(needing(false)), share(needing(true))])
  if (copied === NOBODY && noted === NOBODY) return planned
  const shares = copied.servers
  const [made, used] = await Promise.all([
    listMadeCopies(db, { servers: shares.map(({ server }) => server), most: MEASURED }),
    sumRestorePoints(db),
  ])
  const servers = await Promise.all(
    shares.map(async (share) => {
      const { server, tenants } = share
      const { copies, freeBytes } = await foresee(share, provider)
      return estimateCost({
        server,
        tenants,
        sample: copies,
        measured: made.filter((it) => it.server === server),
        guessMs: (method, bytes) => provider.guessCopyMs(method, bytes),
        freeBytes,
        maxBytes: maxBytesOf(server),
        usedBytes: used.get(server) ?? 0,
      })
    }),
  )
  const restorePointCost: RestorePointCost = {
    servers,
    positions: noted.servers.reduce((sum, { tenants }) => sum + tenants, 0),
    elsewhere: {
      tenants: copied.elsewhere.tenants + noted.elsewhere.tenants,
      examples: [...copied.elsewhere.examples, ...noted.elsewhere.examples].slice(0, EXAMPLES),
    },
  }
  return { ...planned, plan: { ...plan, restorePointCost } }
}

async function foresee(
  { server, databases }: RestorePointShare,
  provider: Pick<Provider, 'foreseeCopies'>,
): Promise<CopyOutlook> {
  try {
    return await provider.foreseeCopies(server, databases)
  } catch (error) {
    // What a server says, or that it does not, changes nothing about the rest of the plan.
    if (error instanceof FleetError) return { copies: [], freeBytes: null }
    throw error
  }
}
