import { recordEvent } from '../catalog/events.ts'
import { findRollout, type RolloutRow } from '../catalog/rollouts.ts'
import type { StartOutcome } from '../catalog/start-rollout.ts'
import { failpoint } from '../lib/failpoint.ts'
import { FleetError } from '../model/errors.ts'
import type { RolloutEvent } from '../model/events.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import type { DriveContext } from './drive-rollout.ts'
import { formatRolloutId } from './rollout-id.ts'

/** What came of asking for a rollout. */
export type Started =
  /** Drive it. */
  | { readonly kind: 'drive'; readonly row: RolloutRow }
  /** Somebody paused it: only `resume` goes on. */
  | { readonly kind: 'leave'; readonly row: RolloutRow }
  | { readonly kind: 'nothing-to-do'; readonly plan: RolloutPlan }

/** Goes on with a rollout that is under way, unless somebody paused it. */
export function continueActive(active: RolloutRow): Started {
  return { kind: active.pause_reason === 'operator' ? 'leave' : 'drive', row: active }
}

/** Tells that a rollout was started a moment ago. */
export async function announceStart(
  rolloutId: number,
  { plan, ...outcome }: StartOutcome & { readonly plan: RolloutPlan },
  { db, clock, publish }: Pick<DriveContext, 'db' | 'clock' | 'publish'>,
): Promise<Started> {
  const event: RolloutEvent = {
    type: 'rollout.started',
    at: clock.now().toISOString(),
    rolloutId: formatRolloutId(rolloutId),
    target: plan.target,
    ...(plan.undo === undefined ? {} : { undoes: plan.undo.of }),
    digest: plan.digest,
    ...outcome,
  }
  await recordEvent(db, rolloutId, event)
  publish(event)
  failpoint('rollout.started')
  const row = await findRollout(db, rolloutId)
  if (row === undefined) throw new FleetError('ROLLOUT_UNKNOWN', `Rollout ${formatRolloutId(rolloutId)} is gone.`)
  return { kind: 'drive', row }
}
