import { changeRestorePoint, listRestorePoints, type StoredRestorePoint } from '../catalog/restore-points.ts'
import { markOf, type RestoreContext } from './create-restore-point.ts'

type ReleaseContext = Pick<RestoreContext, 'db' | 'provider' | 'fleet' | 'catalogId'>

/**
 * Removes restore points whose time is over, whose tenant was deleted, and what is left of those that failed; yields each
 * that is gone.
 */
export async function* pruneRestorePoints(context: ReleaseContext): AsyncGenerator<StoredRestorePoint> {
  const { db } = context
  const found = [
    ...(await listRestorePoints(db, { states: ['ready'], expired: true })),
    ...(await listRestorePoints(db, { states: ['creating'], forgotten: true })),
    ...(await listRestorePoints(db, { states: ['creating', 'ready'], ofDeletedTenants: true })),
    ...(await listRestorePoints(db, { states: ['failed', 'restored'] })),
  ]
  yield* release([...new Map(found.map((it) => [it.id, it])).values()], context)
}

/** Removes all that a tenant could return to. */
export async function releaseRestorePointsOf(tenantId: string, context: ReleaseContext): Promise<void> {
  const points = await listRestorePoints(context.db, { tenantId })
  for await (const _ of release(points, context));
}

async function* release(
  points: readonly StoredRestorePoint[],
  context: ReleaseContext,
): AsyncGenerator<StoredRestorePoint> {
  for (const point of points) {
    // The tenant lives in the database of a restore point that it has returned to.
    if (point.state !== 'restored') await context.provider.releaseRestorePoint(point, markOf(point.id, context))
    if (point.state === 'creating') await changeRestorePoint(context.db, point.id, 'fail', 'It was given up.')
    if (await changeRestorePoint(context.db, point.id, 'release')) yield point
  }
}
