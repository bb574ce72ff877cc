import { saveMigrations } from '../catalog/known-migrations.ts'
import { findActive, findLatest, findPlanned, type RolloutRow, savePlan } from '../catalog/rollouts.ts'
import { startRollout as startInCatalog } from '../catalog/start-rollout.ts'
import { FleetError } from '../model/errors.ts'
import type { DriveContext } from './drive-rollout.ts'
import type { DraftRollout, PlannedRollout } from './plan-rollout.ts'
import { refuseService } from './plan-service-cost.ts'
import { refuseFailedRehearsal } from './refuse-failed-rehearsal.ts'
import { refuseFullDisk } from './refuse-full-disk.ts'
import { releaseReached } from './released-version.ts'
import { checkDigest, requireDigest } from './require-digest.ts'
import { formatRolloutId } from './rollout-id.ts'
import { announceStart, continueActive, type Started } from './started.ts'

export interface StartRolloutOptions {
  readonly draft: () => Promise<DraftRollout>
  /** Finds out what the migrations do; only for what is going to start. */
  readonly assess: (draft: DraftRollout) => Promise<PlannedRollout>
  /** Refuse another plan than the one with this digest, or one that begins so. */
  readonly digest: string | undefined
  /** Start also what failed when it was rehearsed, what the disk may not hold, and what the service could not take back. */
  readonly force: boolean
  /** Gives up the rollout that is in the way; undefined: refuse. */
  readonly supersede: ((active: RolloutRow) => Promise<void>) | undefined
}

/**
 * Starts what is planned, or finds that it is under way: a pipeline may run the same command again and again.
 * @throws FleetError PLAN_CHANGED, REHEARSAL_FAILED, DISK_WOULD_FILL, HISTORY_TOO_SHORT, ROLLOUT_ACTIVE, and what planning throws
 */
export async function startRollout(
  context: DriveContext,
  { draft, assess, digest, force, supersede }: StartRolloutOptions,
): Promise<Started> {
  checkDigest(digest)
  const start = async (planned: PlannedRollout): Promise<Started> => {
    const started = await startPlanned(planned, context, { digest, force })
    // Somebody else was through with it since the plan was made: what is there to do now, a plan of now says.
    return started ?? start(await assess(await draft()))
  }
  const drafted = await draft()
  const active = await findActive(context.db)
  if (active === undefined) {
    const planned = await assess(drafted)
    try {
      return await start(planned)
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
  return start(await assess(await draft()))
}

async function startPlanned(
  planned: PlannedRollout,
  context: DriveContext,
  { digest, force }: Pick<StartRolloutOptions, 'digest' | 'force'>,
): Promise<Started | undefined> {
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
    refuseService(plan)
  }
  const upToTarget = migrations.slice(0, migrations.findIndex((it) => it.name === plan.target) + 1)
  const sqlChecksums = new Map<string, string | null>([
    ...planned.reformatted,
    ...plan.migrations.map(({ name, assessment }) => [name, assessment.sqlChecksum] as const),
  ])
  const names = upToTarget.map(({ name }) => name)
  const contents = upToTarget.map(({ name, checksum }) => ({
    name,
    checksum,
    sqlChecksum: sqlChecksums.get(name) ?? null,
  }))
  await saveMigrations(db, contents, { replace: true })
  if (plan.tenants === 0) {
    if (plan.releases) await releaseReached(db, migrations, names)
    return { kind: 'nothing-to-do', plan }
  }
  // A plan that somebody looked at counts from then on: whoever came later is a joiner.
  const shown = digest === undefined ? undefined : await findPlanned(db, plan.digest)
  const rolloutId = shown?.id ?? (await savePlan(db, planned))
  const outcome = await startInCatalog(db, rolloutId, names)
  if (outcome === undefined) return undefined
  return announceStart(rolloutId, { plan, ...outcome }, context)
}

function isSame(active: RolloutRow, { intent }: DraftRollout, digest: string | undefined): boolean {
  if (active.state === 'aborting') return false
  return digest === undefined ? active.intent === intent : active.digest.startsWith(digest)
}

function anotherIsActive({ id, state, target }: RolloutRow): FleetError {
  const typed = formatRolloutId(id)
  return new FleetError('ROLLOUT_ACTIVE', `Rollout ${typed} to ${target} is already active (${state}).`, {
    remedy: `See it: fleet rollout status ${typed}. Replace it: fleet rollout start --supersede`,
  })
}
