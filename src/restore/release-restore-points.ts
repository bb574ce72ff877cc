import { noteRestorePoint } from '../catalog/note-restore-point.ts'
import {
  changeRestorePoint,
  listReleasable,
  listRestorePoints,
  type StoredRestorePoint,
} from '../catalog/restore-points.ts'
import { FleetError } from '../model/errors.ts'
import { markOf, type RestoreContext } from './create-restore-point.ts'

type ReleaseContext = Pick<RestoreContext, 'db' | 'provider' | 'fleet' | 'catalogId'>

/**
 * Removes what nobody will return to; yields each that is gone. What cannot go before its tenant stays, and is said to.
 * @throws FleetError of the first that could not be removed, after the others
 */
export async function* pruneRestorePoints(context: ReleaseContext): AsyncGenerator<StoredRestorePoint> {
  yield* release(await listReleasable(context.db), context)
}

/** Removes all that a tenant could return to. */
export async function releaseRestorePointsOf(tenantId: string, context: ReleaseContext): Promise<void> {
  const points = await listRestorePoints(context.db, { tenantId })
  // The oldest first: what a restore has kept may have to outlive what was made before it.
  for await (const _ of release(points.toReversed(), context));
}

async function* release(
  points: readonly StoredRestorePoint[],
  { db, provider, ...fleet }: ReleaseContext,
): AsyncGenerator<StoredRestorePoint> {
  let refusal: FleetError | undefined
  for (const point of points) {
    try {
      // The tenant lives in the database of a restore point that it has returned to; of a position nothing was made.
      const isThere = point.state !== 'restored' && point.hasCopy
      if (isThere && !(await provider.releaseRestorePoint(point, markOf(point, fleet)))) {
        await noteRestorePoint(db, point.id, { goes_with_tenant: true })
        continue
      }
    } catch (error) {
      // One that is not ours any more must not keep the others.
      if (!(error instanceof FleetError)) throw error
      refusal ??= error
      continue
    }
    if (point.state === 'creating') await changeRestorePoint(db, point.id, 'fail', 'It was given up.')
    if (await changeRestorePoint(db, point.id, 'release')) yield point
  }
  if (refusal !== undefined) throw refusal
}
