import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { findUnfinishedRestore } from '../catalog/restores.ts'
import type { ClaimedRun } from '../catalog/tenant-runs.ts'
import { readWayBack } from '../catalog/undo.ts'
import type { ApplyOutcome } from '../migrations/apply-outcome.ts'
import { FleetError } from '../model/errors.ts'
import { type ReturnRoute, STRANDED } from '../model/rollout.ts'
import { outcomeOfRefusal } from './outcome-of-refusal.ts'
import { wayBack } from './way-back.ts'

export interface BringBackOptions {
  readonly db: CatalogDb
  /** Number of the rollout that is taken back. */
  readonly undoes: number
  /** Returns the tenant to a restore point; answers with the history that it has then. */
  readonly restore: (tenantId: string, to: string) => Promise<readonly string[]>
  /** Whose tenants go back by `down`. */
  readonly byDown: readonly ReturnRoute[]
  /** Takes these migrations of the tenant back by their `down`, newest first; never throws. */
  readonly takeBack: (migrations: readonly string[]) => Promise<ApplyOutcome>
  /** Writes the rows of what was kept of a tenant to files, if that was asked for and has not come to its end. */
  readonly finishSalvage: (tenantId: string) => Promise<void>
}

/** Returns a tenant to what it had before the rollout that is taken back; never throws. */
export async function bringBack(
  { tenantId, history }: ClaimedRun,
  { db, undoes, restore, byDown, takeBack, finishSalvage }: BringBackOptions,
): Promise<ApplyOutcome> {
  try {
    const facts = await readWayBack(db, { rolloutId: undoes, tenantId })
    const unfinished = await findUnfinishedRestore(db, tenantId)
    const way = facts && wayBack(facts, { history, unfinished: unfinished?.to }, byDown)
    if (way === undefined || way.kind === 'nothing-to-do') {
      await finishSalvage(tenantId)
      return { kind: 'applied', history, applied: [] }
    }
    // Should it fail there, its restore point is left alone: rows may have been written that only the tenant has.
    if (way.kind === 'down') return await takeBack(way.migrations)
    if (way.kind === 'none')
      throw new FleetError('RESTORE_POINT_UNKNOWN', `There is nothing to return to: ${STRANDED[way.why]}.`)
    return { kind: 'applied', history: await restore(tenantId, way.to), applied: [] }
  } catch (error) {
    return outcomeOfRefusal(error)
  }
}
