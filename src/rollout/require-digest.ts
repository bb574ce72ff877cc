import { FleetError } from '../model/errors.ts'
import type { RolloutPlan } from '../model/rollout.ts'

/** @throws FleetError USAGE for what no digest begins with */
export function checkDigest(digest: string | undefined): void {
  if (digest === undefined || /^[0-9a-f]{8,}$/.test(digest)) return
  throw new FleetError(
    'USAGE',
    `"${digest}" is not a digest: give 8 hex digits or more, as \`fleet rollout plan\` prints them.`,
  )
}

/**
 * Refuses another plan than the one with this digest, or one that begins so.
 * @param look the command that shows the plan
 * @throws FleetError PLAN_CHANGED
 */
export function requireDigest(plan: RolloutPlan, digest: string | undefined, look = 'fleet rollout plan'): void {
  if (digest === undefined || plan.digest.startsWith(digest)) return
  throw new FleetError(
    'PLAN_CHANGED',
    `The plan is now ${plan.digest}, not ${digest}: versions, tags, files or policy have changed.`,
    { remedy: `Look at it again: ${look}` },
  )
}
