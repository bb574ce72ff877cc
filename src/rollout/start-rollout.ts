import { recordEvent } from '../catalog/events.ts'
import { readmitMigrations, saveMigrations } from '../catalog/known-migrations.ts'
import { findActive, findLatest, findPlanned, findRollout, type RolloutRow, savePlan } from '../catalog/rollouts.ts'
import { startRollout as startInCatalog } from '../catalog/start-rollout.ts'
import { failpoint } from '../lib/failpoint.ts'
import { FleetError } from '../model/errors.ts'
import type { RolloutEvent } from '../model/events.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import type { DriveContext } from './drive-rollout.ts'
import type { DraftRollout, PlannedRollout } from './plan-rollout.ts'
import { refuseFailedRehearsal } from './refuse-failed-rehearsal.ts'
import { refuseFullDisk } from './refuse-full-disk.ts'
import { releaseReached } from './released-version.ts'
import { formatRolloutId } from './rollout-id.ts'

export interface StartRolloutOptions {
  readonly draft: () => Promise<DraftRollout>
  /** Finds out what the migrations do; only for what is going to start. */
  readonly assess: (draft: DraftRollout) => Promise<PlannedRollout>
  /** Refuse another plan than the one with this digest, or one that begins so. */
  readonly digest: string | undefined
  /** Start also what failed when it was rehearsed, and what the disk may not hold. */
  readonly force: boolean
  /** Gives up the rollout that is in the way; undefined: refuse. */
  readonly supersede: ((active: RolloutRow) => Promise<void>) | undefined
}

export type Started =
  /** Drive it. */
  | { readonly kind: 'drive'; readonly row: RolloutRow }
  /** Somebody paused it: only `resume` goes on. */
  | { readonly kind: 'leave'; readonly row: RolloutRow }
  | { readonly kind: 'nothing-to-do'; readonly plan: RolloutPlan }

/**
 * Starts what is planned, or finds that it is under way: a pipeline may run the same command again and again.
 * @throws FleetError PLAN_CHANGED, REHEARSAL_FAILED, DISK_WOULD_FILL, ROLLOUT_ACTIVE, and what planning throws
 */
export async function startRollout(
  context: DriveContext,
  { draft, assess, digest, force, supersede }: StartRolloutOptions,
): Promise<Started> {
  if (digest !== undefined && !/^[0-9a-f]{8,}$/.test(digest)) {
    throw new FleetError(
      'USAGE',
      `"${digest}" is not a digest: give 8 hex digits or more, as \`fleet rollout plan\` prints them.`,
    )
  }
  const drafted = await draft()
  const active = await findActive(context.db)
  if (active === undefined) {
    const planned = await assess(drafted)
    try {
      return await startPlanned(planned, context, { digest, force })
    } catch (error) {
      // Somebody was faster; with the same, we go on together.
      const other = await findActive(context.db)
      if (other !== undefined && isSame(other, drafted, digest)) return continueActive(other)
      throw error
    }
  }
  if (isSame(active, drafted, digest)) return continueActive(active)
  if (supersede === undefined) throw anotherIsActive(active)
  await supersede(active)
  return startPlanned(await assess(await draft()), context, { digest, force })
}

async function startPlanned(
  planned: PlannedRollout,
  context: DriveContext,
  { digest, force }: Pick<StartRolloutOptions, 'digest' | 'force'>,
): Promise<Started> {
  const { db, migrations } = context
  const { plan } = planned
  if (digest !== undefined && !plan.digest.startsWith(digest)) {
    const last = plan.tenants === 0 ? await findLatest(db) : undefined
    // A pipeline that runs again after all was done.
    if (last?.state === 'completed' && last.digest.startsWith(digest)) return { kind: 'nothing-to-do', plan }
    requireDigest(plan, digest)
  }
  if (!force) {
    await refuseFailedRehearsal(db, plan.digest)
    refuseFullDisk(plan)
  }
  const upToTarget = migrations.slice(0, migrations.findIndex((it) => it.name === plan.target) + 1)
  const sqlChecksums = new Map<string, string | null>([
    ...planned.reformatted,
    ...plan.migrations.map(({ name, assessment }) => [name, assessment.sqlChecksum] as const),
  ])
  const contents = upToTarget.map(({ name, checksum }) => ({
    name,
    checksum,
    sqlChecksum: sqlChecksums.get(name) ?? null,
  }))
  await saveMigrations(db, contents, { replace: true })
  // What was withdrawn and is in the plan all the same was corrected, or asked for.
  await readmitMigrations(
    db,
    plan.migrations.map(({ name }) => name),
  )
  if (plan.tenants === 0) {
    if (plan.releases) await releaseReached(db, migrations, plan.target)
    return { kind: 'nothing-to-do', plan }
  }
  // A plan that somebody looked at counts from then on: whoever came later is a joiner.
  const shown = digest === undefined ? undefined : await findPlanned(db, plan.digest)
  const rolloutId = shown?.id ?? (await savePlan(db, planned))
  const outcome = await startInCatalog(db, rolloutId)
  const event: RolloutEvent = {
    type: 'rollout.started',
    at: context.clock.now().toISOString(),
    rolloutId: formatRolloutId(rolloutId),
    target: plan.target,
    digest: plan.digest,
    ...outcome,
  }
  await recordEvent(db, rolloutId, event)
  context.publish(event)
  failpoint('rollout.started')
  const row = await findRollout(db, rolloutId)
  if (row === undefined) throw new FleetError('ROLLOUT_UNKNOWN', `Rollout ${formatRolloutId(rolloutId)} is gone.`)
  return { kind: 'drive', row }
}

/**
 * Refuses another plan than the one with this digest, or one that begins so.
 * @throws FleetError PLAN_CHANGED
 */
export function requireDigest(plan: RolloutPlan, digest: string): void {
  if (plan.digest.startsWith(digest)) return
  throw new FleetError(
    'PLAN_CHANGED',
    `The plan is now ${plan.digest}, not ${digest}: versions, tags, files or policy have changed.`,
    { remedy: 'Look at it again: fleet rollout plan' },
  )
}

function isSame(active: RolloutRow, { intent }: DraftRollout, digest: string | undefined): boolean {
  if (active.state === 'aborting') return false
  return digest === undefined ? active.intent === intent : active.digest.startsWith(digest)
}

function continueActive(active: RolloutRow): Started {
  return { kind: active.pause_reason === 'operator' ? 'leave' : 'drive', row: active }
}

function anotherIsActive({ id, state, target }: RolloutRow): FleetError {
  const typed = formatRolloutId(id)
  return new FleetError('ROLLOUT_ACTIVE', `Rollout ${typed} to ${target} is already active (${state}).`, {
    remedy: `See it: fleet rollout status ${typed}. Replace it: fleet rollout start --supersede`,
  })
}
