import { sql } from 'kysely'
import { FleetError } from '../model/errors.ts'
import { type PauseReason, ROLLOUT, type RolloutState, type RolloutVerb } from '../model/rollout-state.ts'
import { nextState, statesAccepting } from '../model/state-machine.ts'
import type { SkipReason, TenantRunState } from '../model/tenant-run-state.ts'
import type { CatalogDb, CatalogTransaction } from './catalog-schema.ts'
import { holdNewTenants, readReleasedVersion, release } from './meta.ts'
import { findActive, findUndoOf } from './rollouts.ts'

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

/** Moves a paused rollout to running and opens its servers again; who waited for one has all tries again. @throws FleetError INVALID_TRANSITION */
export async function resumeRollout(db: CatalogDb, id: number): Promise<void> {
  await change(db, id, 'resume', async (tx) => {
    await tx
      .updateTable('fleet.tenant_run as r')
      .from('fleet.rollout_server as s')
      .set({ tries: 0, not_before: sql<Date>`now()` })
      .whereRef('s.rollout_id', '=', 'r.rollout_id')
      .whereRef('s.server', '=', 'r.server')
      .where('r.rollout_id', '=', id)
      .where('s.state', '=', 'paused')
      .where('r.state', '=', 'pending')
      .where('r.tries', '>', 0)
      .execute()
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
    const [failed, succeeded, stranded] = await Promise.all([
      hasRuns(tx, id, ['failed']),
      hasRuns(tx, id, ['succeeded']),
      hasRuns(tx, id, ['skipped'], 'stranded'),
    ])
    const row = await tx
      .updateTable('fleet.rollout')
      .set({
        state: 'completed',
        outcome: failed || stranded ? 'degraded' : 'succeeded',
        finished_at: sql<Date>`now()`,
        driver: null,
      })
      .where('id', '=', id)
      .returning('target')
      .executeTakeFirstOrThrow()
    // What no tenant could take is not for new ones either.
    const proven = succeeded || !failed
    const released = await readReleasedVersion(tx)
    if (proven && releases(released, row.target)) await releaseBy(tx, id, { from: released, target: row.target })
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
    const undo = await findUndoOf(tx, id)
    if (undo !== undefined)
      throw new FleetError('INVALID_TRANSITION', `Rollout r${id} was taken back by r${undo.id}: plan a new one.`)
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

/** Makes the target of a rollout what new tenants get, and writes down what they got before: an undo takes that back. */
export async function releaseBy(
  tx: CatalogTransaction,
  id: number,
  { from, target }: { readonly from: string | null; readonly target: string | null },
): Promise<void> {
  await release(tx, target)
  await tx
    .updateTable('fleet.rollout')
    .set({ released_from: from, released_at: sql<Date>`now()` })
    .where('id', '=', id)
    .execute()
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

async function hasRuns(
  tx: CatalogTransaction,
  id: number,
  states: readonly TenantRunState[],
  reason?: SkipReason,
): Promise<boolean> {
  const found = await tx
    .selectFrom('fleet.tenant_run')
    .select('tenant_id')
    .where('rollout_id', '=', id)
    .where('state', 'in', states)
    .$if(reason !== undefined, (it) => it.where('skip_reason', '=', reason ?? null))
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
