import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { findUnfinishedRestore } from '../catalog/restores.ts'
import type { ClaimedRun } from '../catalog/tenant-runs.ts'
import type { WayBackFacts } from '../catalog/undo.ts'
import type { ApplyOutcome } from '../migrations/apply-outcome.ts'
import { FleetError } from '../model/errors.ts'
import { type RolloutPlan, STRANDED } from '../model/rollout.ts'
import { outcomeOfRefusal } from './outcome-of-refusal.ts'
import type { Settlement } from './settle-attempt.ts'
import { wayToPoint } from './way-to-point.ts'

/** A run that has failed, as it is about to be recorded. */
export type Failure = Extract<Settlement, { kind: 'fail' }>

export interface PutBackOptions {
  readonly plan: Pick<RolloutPlan, 'waves' | 'migrations'>
  /** Reads what the tenant had before this rollout, and the restore point that it took. */
  readonly readWayBack: (tenantId: string) => Promise<WayBackFacts | undefined>
  /** Returns the tenant to a restore point if nothing that clients wrote is lost by that; answers with its history. */
  readonly restore: (tenantId: string, to: string) => Promise<readonly string[]>
}

/**
 * Returns a tenant that has failed to what it had before, where its wave says so and the failure has left something behind;
 * never throws. A tenant in which clients wrote meanwhile stays as it is. It has failed in either case, and counts.
 */
export async function putBack(
  { tenantId, wave, history }: ClaimedRun,
  failure: Failure,
  { plan, readWayBack, restore }: PutBackOptions,
): Promise<Failure> {
  if (plan.waves.find(({ name }) => name === wave)?.onFailure !== 'restore') return failure
  try {
    const facts = await readWayBack(tenantId)
    if (facts === undefined) return failure
    const stoppedInside = plan.migrations.some(
      ({ name, transaction }) => name === failure.cause.migration && !transaction,
    )
    const way = wayToPoint({ ...facts, stoppedInside }, { history: failure.history ?? history, unfinished: undefined })
    if (way.kind === 'nothing-to-do') return failure
    if (way.kind === 'none') return noted(failure, `not put back: ${STRANDED[way.why]}`)
    return { ...noted(failure, 'put back to what it had before'), history: await restore(tenantId, way.to) }
  } catch (error) {
    return noted(failure, `not put back: ${outcomeOfRefusal(error).message}`)
  }
}

/**
 * Brings a restore to its end that a process began and did not live to see: until then the restore point is not one. Returns
 * what becomes of this attempt; undefined when there is nothing of the kind.
 */
export async function finishPuttingBack(
  { tenantId }: ClaimedRun,
  { db, waves, restore }: { readonly db: CatalogDb } & Pick<RolloutPlan, 'waves'> & Pick<PutBackOptions, 'restore'>,
): Promise<ApplyOutcome | undefined> {
  if (!waves.some(({ onFailure }) => onFailure === 'restore')) return undefined
  try {
    const unfinished = await findUnfinishedRestore(db, tenantId)
    if (unfinished === undefined) return undefined
    await restore(tenantId, unfinished.to)
    // It is another database now: the next attempt looks at it afresh.
    throw new FleetError('TENANT_BUSY', `Tenant "${tenantId}" was put back first.`)
  } catch (error) {
    return outcomeOfRefusal(error)
  }
}

function noted(failure: Failure, note: string): Failure {
  return { ...failure, cause: { ...failure.cause, message: `${failure.cause.message} (${note})` } }
}
