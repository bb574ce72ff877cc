import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { readWaveProgress } from '../catalog/rollout-progress.ts'
import { abortRollout, pauseRollout, retryFailed, setMaxFailures } from '../catalog/rollout-verbs.ts'
import { findRollout, type RolloutRow } from '../catalog/rollouts.ts'
import { FleetError } from '../model/errors.ts'
import type { WaveProgress } from '../model/rollout.ts'
import { ROLLOUT } from '../model/rollout-state.ts'
import { nextState } from '../model/state-machine.ts'
import { type DriveContext, driveRollout } from './drive-rollout.ts'
import { findByTypedId } from './rollout-id.ts'
import { type Quantity, resolveMaxFailures } from './waves.ts'

/** Pauses a running rollout: nothing new starts, what runs finishes. @throws FleetError INVALID_TRANSITION, ROLLOUT_UNKNOWN */
export async function pauseByOperator(db: CatalogDb, id: string | undefined, note: string | undefined): Promise<void> {
  const row = await findByTypedId(db, id)
  nextState(ROLLOUT, row.state, 'pause')
  if (await pauseRollout(db, row.id, { reason: 'operator', note: note ?? null })) return
  const now = await findByTypedId(db, String(row.id))
  nextState(ROLLOUT, now.state, 'pause')
}

/** Finds a rollout that may be driven; a paused one is resumed once the lease is held. @throws FleetError INVALID_TRANSITION */
export async function findDrivable(db: CatalogDb, id: string | undefined): Promise<RolloutRow> {
  const row = await findByTypedId(db, id)
  if (row.state !== 'running' && row.state !== 'aborting') nextState(ROLLOUT, row.state, 'resume')
  return row
}

/**
 * Gives a rollout up. Whoever drives it brings it to its end; where nobody does, that is done here.
 * @param wait stay until it has ended, whoever drives it
 * @throws FleetError INVALID_TRANSITION, ROLLOUT_UNKNOWN
 */
export async function abortByOperator(
  context: DriveContext,
  id: string | undefined,
  { signal, wait }: { signal: AbortSignal; wait: boolean },
): Promise<void> {
  const { db } = context
  const { id: number, state } = await findByTypedId(db, id)
  // An abort whose process died is taken up again.
  if (state !== 'aborting') await abortRollout(db, number)
  const row = await findRollout(db, number)
  if (row === undefined) return
  await driveRollout(row, context, { wait, signal }).catch((error: unknown) => {
    if (!(error instanceof FleetError && error.code === 'ROLLOUT_DRIVEN')) throw error
  })
}

/** Sets failed runs back to pending; returns how many. @throws FleetError INVALID_TRANSITION, ROLLOUT_UNKNOWN */
export async function retryByOperator(db: CatalogDb, id: string | undefined): Promise<number> {
  const { id: number } = await findByTypedId(db, id)
  return retryFailed(db, number)
}

/** Lets more, or fewer, tenants of each wave fail; a share is of the wave. @throws FleetError ROLLOUT_UNKNOWN */
export async function setMaxFailuresByOperator(
  db: CatalogDb,
  id: string | undefined,
  maxFailures: Quantity,
): Promise<void> {
  const { id: number } = await findByTypedId(db, id)
  const waves = await readWaveProgress(db, number)
  const total = ({ counts }: WaveProgress) => Object.values(counts).reduce((sum, it) => sum + it, 0)
  await setMaxFailures(
    db,
    number,
    waves.map((wave) => ({ position: wave.position, maxFailures: resolveMaxFailures(maxFailures, total(wave)) })),
  )
}
