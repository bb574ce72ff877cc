import { recordEvent } from '../catalog/events.ts'
import { listWithdrawn } from '../catalog/known-migrations.ts'
import { findActive, findRollout, type RolloutRow, savePlan } from '../catalog/rollouts.ts'
import { startUndo } from '../catalog/undo.ts'
import { failpoint } from '../lib/failpoint.ts'
import { FleetError } from '../model/errors.ts'
import type { RolloutEvent } from '../model/events.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import type { DriveContext } from './drive-rollout.ts'
import { planUndo, type UndoInput, undoIntentOf } from './plan-undo.ts'
import { formatRolloutId } from './rollout-id.ts'
import type { Started } from './start-rollout.ts'

export interface UndoRolloutOptions extends UndoInput {
  /** Refuse another plan than the one with this digest, or one that begins so. */
  readonly digest: string | undefined
  /** Gives up the undo that is in the way; undefined: refuse. */
  readonly supersede: ((active: RolloutRow) => Promise<void>) | undefined
  /** Gives up the rollout itself, where it is not over. */
  readonly abort: (active: RolloutRow) => Promise<void>
}

/**
 * Starts taking a rollout back, or finds that this is under way. A rollout that is not over is given up first.
 * @throws FleetError ROLLOUT_ACTIVE, PLAN_CHANGED, and what planning throws
 */
export async function undoRollout(
  row: RolloutRow,
  context: DriveContext,
  { digest, supersede, abort, ...input }: UndoRolloutOptions,
): Promise<Started> {
  const { db, clock } = context
  const intent = undoIntentOf(row.id, input)
  const active = await findActive(db)
  if (active?.intent === intent && active.state !== 'aborting')
    return { kind: active.pause_reason === 'operator' ? 'leave' : 'drive', row: active }
  if (active?.id === row.id) await abort(active)
  else if (active !== undefined && supersede !== undefined) await supersede(active)
  else if (active !== undefined) throw anotherIsActive(active)

  // As it is now that it is over.
  const plan = await planUndo(db, (await findRollout(db, row.id)) ?? row, input)
  if (digest !== undefined && !plan.digest.startsWith(digest))
    throw new FleetError('PLAN_CHANGED', `What is to be undone is ${plan.digest} now, not ${digest}.`, {
      remedy: `Look at it again: fleet rollout undo ${formatRolloutId(row.id)} --dry-run`,
    })
  if (isNothing(plan, await listWithdrawn(db))) return { kind: 'nothing-to-do', plan }
  const at = clock.now().toISOString()
  const id = await savePlan(db, { plan, undoes: row.id, intent, assignment: NO_ASSIGNMENT, plannedAt: at })
  const { tenants, stranded } = await startUndo(db, id, row.id)
  const rolloutId = formatRolloutId(id)
  const event: RolloutEvent = {
    type: 'rollout.started',
    at,
    rolloutId,
    target: plan.target,
    undoes: formatRolloutId(row.id),
    digest: plan.digest,
    tenants: tenants + stranded,
    joiners: 0,
    dropped: Math.max(0, plan.tenants - tenants),
  }
  await recordEvent(db, id, event)
  context.publish(event)
  failpoint('rollout.started')
  const started = await findRollout(db, id)
  if (started === undefined) throw new FleetError('ROLLOUT_UNKNOWN', `Rollout ${rolloutId} is gone.`)
  return { kind: 'drive', row: started }
}

/** Says whether a plan changes nothing, neither in tenants nor in what plans and new tenants get. */
function isNothing({ tenants, undo }: RolloutPlan, withdrawn: readonly string[]): boolean {
  if (undo === undefined || tenants + undo.stranded > 0 || undo.releases !== null) return false
  return (
    undo.withdraws.every((name) => withdrawn.includes(name)) && !undo.readmits.some((name) => withdrawn.includes(name))
  )
}

/** Its runs are those of the rollout that it takes back. */
const NO_ASSIGNMENT = {
  scope: { tenants: [], skipTenants: [], tags: {}, waves: [] },
  waves: [],
  histories: [],
  tagsGeneration: 0,
}

function anotherIsActive({ id, state }: RolloutRow): FleetError {
  const typed = formatRolloutId(id)
  return new FleetError('ROLLOUT_ACTIVE', `Rollout ${typed} is active (${state}).`, {
    remedy: `See it: fleet rollout status ${typed}. Give it up first with --supersede.`,
  })
}
