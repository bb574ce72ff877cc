import { listWithdrawn } from '../catalog/known-migrations.ts'
import { findActive, findRollout, type RolloutRow, savePlan } from '../catalog/rollouts.ts'
import { startUndo } from '../catalog/undo.ts'
import { FleetError } from '../model/errors.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import type { DriveContext } from './drive-rollout.ts'
import { type UndoInput, undoIntentOf } from './plan-digest.ts'
import { type JudgeDowns, planUndo } from './plan-undo.ts'
import { checkDigest, requireDigest } from './require-digest.ts'
import { formatRolloutId } from './rollout-id.ts'
import { announceStart, continueActive, type Started } from './started.ts'

export interface UndoRolloutOptions extends UndoInput {
  /** Refuse another plan than the one with this digest, or one that begins so. */
  readonly digest: string | undefined
  readonly judgeDowns: JudgeDowns
  /** Gives up the undo that is in the way; undefined: refuse. */
  readonly supersede: ((active: RolloutRow) => Promise<void>) | undefined
  /** Gives up the rollout itself, where it is not over. */
  readonly abort: (active: RolloutRow) => Promise<void>
}

/**
 * Starts taking a rollout back, or finds that this is under way. A rollout that is not over is given up first, as is an undo of
 * it that has paused by itself, where another answer is given: it would only pause again.
 * @throws FleetError ROLLOUT_ACTIVE, PLAN_CHANGED, and what planning throws
 */
export async function undoRollout(
  row: RolloutRow,
  context: DriveContext,
  { digest, judgeDowns, supersede, abort, ...input }: UndoRolloutOptions,
): Promise<Started> {
  const { db } = context
  checkDigest(digest)
  const intent = undoIntentOf(row.id, input)
  const isSame = ({ intent: other, state }: RolloutRow) => other === intent && state !== 'aborting'
  const active = await findActive(db)
  if (active !== undefined && isSame(active)) return continueActive(active)
  const mayGo = active?.id === row.id || (active?.undoes === row.id && hasPausedByItself(active))
  const giveUp = mayGo ? abort : supersede
  if (active !== undefined && giveUp === undefined) throw anotherIsActive(active)
  if (active !== undefined) await giveUp?.(active)

  // As it is now that it is over.
  const plan = await planUndo(db, (await findRollout(db, row.id)) ?? row, input, judgeDowns)
  const preferring = input.prefer === undefined ? '' : ` --prefer ${input.prefer}`
  requireDigest(plan, digest, `fleet rollout undo ${formatRolloutId(row.id)}${preferring} --dry-run`)
  const withdrawn = (await listWithdrawn(db)).map(({ name }) => name)
  if (isNothing(plan, withdrawn)) return { kind: 'nothing-to-do', plan }
  try {
    const plannedAt = context.clock.now().toISOString()
    const id = await savePlan(db, { plan, undoes: row.id, intent, assignment: NO_ASSIGNMENT, plannedAt })
    return await announceStart(id, { plan, ...(await startUndo(db, id, row.id)) }, context)
  } catch (error) {
    // Somebody was faster; with the same, we go on together.
    const other = await findActive(db)
    if (other !== undefined && isSame(other)) return continueActive(other)
    throw error
  }
}

function hasPausedByItself({ state, pause_reason }: RolloutRow): boolean {
  return state === 'paused' && pause_reason !== 'operator'
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
