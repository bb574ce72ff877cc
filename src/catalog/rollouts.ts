import { type Selectable, sql } from 'kysely'
import { FleetError } from '../model/errors.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import { type PauseReason, ROLLOUT, type RolloutState, type RolloutVerb } from '../model/rollout-state.ts'
import { nextState, statesAccepting } from '../model/state-machine.ts'
import type { TenantRunState } from '../model/tenant-run-state.ts'
import type { Assignment } from './assign-waves.ts'
import type { CatalogDb, CatalogSchema, CatalogTransaction } from './catalog-schema.ts'
import { holdNewTenants, readReleasedVersion, release } from './meta.ts'

export type RolloutRow = Selectable<CatalogSchema['fleet.rollout']>

export interface PlanToSave {
  readonly plan: RolloutPlan
  readonly intent: string
  readonly assignment: Assignment
  /** When the plan looked at the fleet: who becomes ready later is a joiner. */
  readonly plannedAt: string
}

/** Writes a plan down as a rollout in state `planned`; the same digest again is the same row with a new time. */
export async function savePlan(db: CatalogDb, { plan, intent, assignment, plannedAt }: PlanToSave): Promise<number> {
  await sql`
    delete from fleet.rollout
    where state = 'planned' and planned_at < now() - interval '7 days' and digest <> ${plan.digest}`.execute(db)
  const row = await db
    .insertInto('fleet.rollout')
    .values({
      state: 'planned',
      digest: plan.digest,
      intent,
      target: plan.target,
      plan: JSON.stringify(plan),
      assignment: JSON.stringify(assignment),
      planned_at: plannedAt,
    })
    .onConflict((it) =>
      it
        .column('digest')
        .where('state', '=', 'planned')
        .doUpdateSet((eb) => ({
          plan: eb.ref('excluded.plan'),
          assignment: eb.ref('excluded.assignment'),
          planned_at: eb.ref('excluded.planned_at'),
        })),
    )
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/** Returns the stored plan with this digest (or the beginning of one) that was not started yet. */
export async function findPlanned(db: CatalogDb, digest: string): Promise<RolloutRow | undefined> {
  return db
    .selectFrom('fleet.rollout')
    .selectAll()
    .where('state', '=', 'planned')
    .where('digest', 'like', `${digest}%`)
    .executeTakeFirst()
}

/** Returns the rollout that is running, paused or aborting; there is one at most. */
export async function findActive(db: CatalogDb): Promise<RolloutRow | undefined> {
  return db
    .selectFrom('fleet.rollout')
    .selectAll()
    .where('state', 'in', ['running', 'paused', 'aborting'])
    .executeTakeFirst()
}

/** Returns the active rollout, else the one that was started last. */
export async function findLatest(db: CatalogDb): Promise<RolloutRow | undefined> {
  return db
    .selectFrom('fleet.rollout')
    .selectAll()
    .where('state', '<>', 'planned')
    .orderBy(sql`state in ('running', 'paused', 'aborting')`, 'desc')
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** Returns a rollout by its number. */
export async function findRollout(db: CatalogDb, id: number): Promise<RolloutRow | undefined> {
  return db.selectFrom('fleet.rollout').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Lists rollouts, the newest first; plans that were not started are left out. */
export async function listRollouts(db: CatalogDb, limit: number): Promise<RolloutRow[]> {
  return db
    .selectFrom('fleet.rollout')
    .selectAll()
    .where('state', '<>', 'planned')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}

export interface PauseInput {
  readonly reason: PauseReason
  readonly note: string | null
  /** Given by a driver: pause only if it still holds the lease. */
  readonly epoch?: number
}

/** Pauses a running rollout; false when it is not running, or the epoch is another. Waits for claims under way. */
export async function pauseRollout(db: CatalogDb, id: number, { reason, note, epoch }: PauseInput): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('fleet.rollout')
    .set({ state: 'paused', pause_reason: reason, pause_note: note })
    .where('id', '=', id)
    .where('state', 'in', statesAccepting(ROLLOUT, 'pause'))
    .$if(epoch !== undefined, (it) => it.where('epoch', '=', epoch ?? 0))
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Moves a paused rollout to running and opens its servers again. @throws FleetError INVALID_TRANSITION */
export async function resumeRollout(db: CatalogDb, id: number): Promise<void> {
  await change(db, id, 'resume', async (tx) => {
    await tx
      .updateTable('fleet.rollout_server')
      .set({ state: 'open', sqlstate: null, message: null })
      .where('rollout_id', '=', id)
      .execute()
  })
}

/** Moves a rollout to aborting, and skips what is pending. @throws FleetError INVALID_TRANSITION */
export async function abortRollout(db: CatalogDb, id: number): Promise<void> {
  await change(db, id, 'abort', (tx) => skipPending(tx, id))
}

/** Ends an abort once nothing runs; false while something does or the epoch is another. */
export async function finishAbort(db: CatalogDb, id: number, epoch: number): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    if ((await lockState(tx, id, epoch)) !== 'aborting') return false
    await skipPending(tx, id)
    if (await hasRuns(tx, id, ['pending', 'running'])) return false
    await tx
      .updateTable('fleet.rollout')
      .set({ state: 'aborted', finished_at: sql<Date>`now()`, driver: null })
      .where('id', '=', id)
      .execute()
    return true
  })
}

/**
 * Completes a rollout whose every run is settled. False while something is open (a joiner may have come), or the epoch is
 * another.
 * @param releases whether its target becomes what new tenants get, given what they get now
 */
export async function completeRollout(
  db: CatalogDb,
  id: number,
  epoch: number,
  releases: (released: string | null, target: string | null) => boolean,
): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    await holdNewTenants(tx)
    // The look for open runs must be a statement of its own after the lock: its snapshot then sees every joiner.
    if ((await lockState(tx, id, epoch)) !== 'running' || (await hasRuns(tx, id, ['pending', 'running']))) return false
    const [failed, succeeded] = await Promise.all([hasRuns(tx, id, ['failed']), hasRuns(tx, id, ['succeeded'])])
    const row = await tx
      .updateTable('fleet.rollout')
      .set({
        state: 'completed',
        outcome: failed ? 'degraded' : 'succeeded',
        finished_at: sql<Date>`now()`,
        driver: null,
      })
      .where('id', '=', id)
      .returning('target')
      .executeTakeFirstOrThrow()
    // What no tenant could take is not for new ones either.
    const proven = succeeded || !failed
    if (proven && releases(await readReleasedVersion(tx), row.target)) await release(tx, row.target)
    return true
  })
}

/** Sets failed runs back to pending, and takes a completed rollout up again; returns how many. @throws FleetError INVALID_TRANSITION */
export async function retryFailed(db: CatalogDb, id: number): Promise<number> {
  return db.transaction().execute(async (tx) => {
    await holdNewTenants(tx)
    const state = await lockState(tx, id)
    if (state !== 'completed' && state !== 'paused' && state !== 'running') {
      throw new FleetError('INVALID_TRANSITION', `Cannot retry while ${state}.`)
    }
    const { numUpdatedRows } = await tx
      .updateTable('fleet.tenant_run')
      .set({ state: 'pending', tries: 0, not_before: sql<Date>`now()`, finished_at: null })
      .where('rollout_id', '=', id)
      .where('state', '=', 'failed')
      .executeTakeFirstOrThrow()
    if (numUpdatedRows === 0n)
      throw new FleetError('INVALID_TRANSITION', `Rollout r${id} has no failed tenant to try again.`)
    // A paused rollout stays paused: `resume` goes on. A completed one runs again, unless another is active.
    if (state === 'completed') {
      await refuseSecond(tx)
      await tx
        .updateTable('fleet.rollout')
        .set({ state: nextState(ROLLOUT, state, 'retry'), outcome: null, finished_at: null })
        .where('id', '=', id)
        .execute()
    }
    return Number(numUpdatedRows)
  })
}

/** Changes how many tenants of each wave may fail. */
export async function setMaxFailures(
  db: CatalogDb,
  id: number,
  byWave: readonly { position: number; maxFailures: number }[],
): Promise<void> {
  for (const { position, maxFailures } of byWave) {
    await db
      .updateTable('fleet.wave')
      .set({ max_failures: maxFailures })
      .where('rollout_id', '=', id)
      .where('position', '=', position)
      .execute()
  }
}

async function change(
  db: CatalogDb,
  id: number,
  verb: RolloutVerb,
  also: (tx: CatalogTransaction) => Promise<void>,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const state = await lockState(tx, id)
    if (state === undefined) throw new FleetError('ROLLOUT_UNKNOWN', `There is no rollout r${id}.`)
    await tx
      .updateTable('fleet.rollout')
      .set({ state: nextState(ROLLOUT, state, verb), pause_reason: null, pause_note: null })
      .where('id', '=', id)
      .where('state', '=', state)
      .execute()
    await also(tx)
  })
}

/** @throws FleetError ROLLOUT_ACTIVE when a rollout is not finished */
export async function refuseSecond(tx: CatalogTransaction): Promise<void> {
  const active = await findActive(tx)
  if (active) throw new FleetError('ROLLOUT_ACTIVE', `Rollout r${active.id} is already active (${active.state}).`)
}

async function lockState(tx: CatalogTransaction, id: number, epoch?: number): Promise<RolloutState | undefined> {
  const row = await tx
    .selectFrom('fleet.rollout')
    .select(['state', 'epoch'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  return epoch !== undefined && row?.epoch !== epoch ? undefined : row?.state
}

async function hasRuns(tx: CatalogTransaction, id: number, states: readonly TenantRunState[]): Promise<boolean> {
  const found = await tx
    .selectFrom('fleet.tenant_run')
    .select('tenant_id')
    .where('rollout_id', '=', id)
    .where('state', 'in', states)
    .limit(1)
    .executeTakeFirst()
  return found !== undefined
}

async function skipPending(tx: CatalogTransaction, id: number): Promise<void> {
  await tx
    .updateTable('fleet.tenant_run')
    .set({ state: 'skipped', skip_reason: 'aborted', finished_at: sql<Date>`now()` })
    .where('rollout_id', '=', id)
    .where('state', '=', 'pending')
    .execute()
}
