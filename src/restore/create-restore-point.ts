import type { CatalogDb } from '../catalog/catalog-schema.ts'
import {
  changeRestorePoint,
  findRestorePoint,
  finishRestorePoint,
  forgetRestorePoint,
  insertRestorePoint,
  type StoredRestorePoint,
} from '../catalog/restore-points.ts'
import type { Clock } from '../lib/clock.ts'
import { failpoint } from '../lib/failpoint.ts'
import { readHistory } from '../migrations/history.ts'
import type { HistoryTables } from '../migrations/migration.ts'
import { FleetError } from '../model/errors.ts'
import type { Mark } from '../model/mark.ts'
import type { WriteCounters } from '../model/restore-point.ts'
import type { Secret } from '../model/secret.ts'
import { isSameHistory, type Placement, type Tenant } from '../model/tenant.ts'
import { withClient } from '../postgres/connect.ts'
import type { RestorePointLooks } from '../providers/copying-provider.ts'
import type { Provider } from '../providers/provider.ts'
import { readWriteCounters } from './read-write-counters.ts'

export interface RestoreContext {
  readonly db: CatalogDb
  readonly provider: Provider
  readonly fleet: string
  readonly catalogId: string
  readonly tables: HistoryTables
  /** How long restore points are kept, in milliseconds. */
  readonly keep: number
  readonly clock: Clock
  /** Reads the password of a tenant's application; undefined when none is kept. */
  readonly readPassword: (tenantId: string) => Promise<Secret | undefined>
}

/**
 * Makes a restore point of a tenant as it is now: recorded first, ready once the copy was seen to have the tenant's own
 * history. Of one that was not begun, no record is left. `force`: although replication slots and subscriptions are in no copy.
 * @throws FleetError TENANT_STATE, TENANT_BUSY, RESTORE_POINT_REFUSED, and what the provider throws
 */
export async function createRestorePoint(
  tenant: Pick<Tenant, 'id' | 'state' | 'placement' | 'history'>,
  context: RestoreContext,
  { rolloutId, force = false }: { readonly rolloutId?: number; readonly force?: boolean } = {},
): Promise<StoredRestorePoint> {
  const { db, provider, tables, keep } = context
  const placement = restorablePlacement(tenant)
  const mark = (id: string) => markOf({ id, reason: rolloutId === undefined ? 'manual' : 'rollout' }, context)
  const id = await insertRestorePoint(db, {
    tenantId: tenant.id,
    history: tenant.history,
    rolloutId,
    keep,
    hasCopy: true,
    place: (key) => provider.plannedRestorePoint(placement, mark(key)),
  })
  failpoint('restore-point.recorded')
  const { observe, seen } = observing(tables)
  try {
    const looks: RestorePointLooks = {
      observe,
      prove: (copy) =>
        withClient(copy, { applicationName: 'fleet/prove' }, async (client) => {
          const history = await readHistory(client, tables)
          const before = seen()?.history
          if (before === undefined || !isSameHistory(history, before))
            throw new FleetError('RESTORE_POINT_REFUSED', 'The copy has another history than the tenant.')
        }),
    }
    const { databaseId, bytes, copying } = await provider.createRestorePoint(placement, mark(id), looks, { force })
    failpoint('restore-point.made')
    const made = { databaseId, bytes, copying, history: seen()?.history ?? [], counters: seen()?.counters ?? null }
    if (!(await finishRestorePoint(db, id, made)))
      throw new FleetError('RESTORE_POINT_UNKNOWN', `Restore point ${id} was given up while it was made.`)
  } catch (error) {
    // Before the tenant was looked at, no copy has begun.
    if (seen() === undefined) await forgetRestorePoint(db, id)
    else await changeRestorePoint(db, id, 'fail', error instanceof Error ? error.message : String(error))
    throw error
  }
  const point = await findRestorePoint(db, id)
  if (point === undefined) throw new FleetError('RESTORE_POINT_UNKNOWN', `Restore point ${id} is gone.`)
  return point
}

/** Returns what looks at a tenant of which a restore point is made, and what it has seen last. */
export function observing(tables: HistoryTables): Pick<RestorePointLooks, 'observe'> & {
  readonly seen: () => { readonly history: readonly string[]; readonly counters: WriteCounters | null } | undefined
} {
  let seen: { readonly history: readonly string[]; readonly counters: WriteCounters | null } | undefined
  return {
    observe: async (client) => {
      const history = await readHistory(client, tables)
      seen = { history, counters: await readWriteCounters(client, tables) }
      failpoint('restore-point.observed')
    },
    seen: () => seen,
  }
}

/**
 * Returns where a tenant is that can have restore points.
 * @throws FleetError TENANT_STATE, RESTORE_POINT_REFUSED
 */
export function restorablePlacement({ id, state, placement }: Pick<Tenant, 'id' | 'state' | 'placement'>): Placement {
  if (state !== 'ready' || placement === null) throw new FleetError('TENANT_STATE', `Tenant "${id}" is ${state}.`)
  if (placement.address === undefined) return placement
  throw new FleetError(
    'RESTORE_POINT_REFUSED',
    `Tenant "${id}" is reached by a URL of its own: nothing can be made on its server.`,
    {
      remedy:
        'Adopt it with `--like` from a server of the configuration, or roll out with `--take-restore-points never`.',
    },
  )
}

/** Returns what a restore point's database carries: one that was a tenant until a restore is told apart from a copy. */
export function markOf(
  { id, reason }: Pick<StoredRestorePoint, 'id' | 'reason'>,
  { fleet, catalogId }: Pick<RestoreContext, 'fleet' | 'catalogId'>,
): Mark {
  return { fleet, catalogId, kind: reason === 'restore' ? 'kept-state' : 'restore-point', key: id }
}
