import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { LEASE_SECONDS } from '../catalog/leases.ts'
import { readFailures, readWaveProgress } from '../catalog/rollout-progress.ts'
import { findUndoOf, type RolloutRow } from '../catalog/rollouts.ts'
import type { Clock } from '../lib/clock.ts'
import { describeProcess, isProvenDead } from '../lib/process-identity.ts'
import type { DriverStatus, RolloutStatus, RolloutSummary } from '../model/rollout.ts'
import { formatRolloutId } from './rollout-id.ts'

const FAILURE_GROUPS = 10

/** Turns a row of the catalog into what is shown of a rollout. */
export function summaryOf(row: RolloutRow): RolloutSummary {
  return {
    id: formatRolloutId(row.id),
    state: row.state,
    pauseReason: row.pause_reason,
    pauseNote: row.pause_note,
    outcome: row.outcome,
    direction: row.direction,
    undoes: row.undoes === null ? null : formatRolloutId(row.undoes),
    target: row.target,
    digest: row.digest,
    createdAt: row.planned_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}

/** Reads how far a rollout is: counts per wave, failures by cause, who drives it. */
export async function readRolloutStatus(db: CatalogDb, row: RolloutRow, clock: Clock): Promise<RolloutStatus> {
  const undo = await findUndoOf(db, row.id)
  return {
    ...summaryOf(row),
    undoneBy: undo === undefined ? null : formatRolloutId(undo.id),
    waves: await readWaveProgress(db, row.id),
    failures: await readFailures(db, row.id, FAILURE_GROUPS),
    driver: driverOf(row, clock),
    plan: row.plan,
  }
}

function driverOf({ driver, heartbeat_at }: RolloutRow, clock: Clock): DriverStatus | null {
  if (driver === null || heartbeat_at === null) return null
  const age = clock.now().getTime() - heartbeat_at.getTime()
  return {
    name: describeProcess(driver),
    heartbeatAt: heartbeat_at,
    alive: age < LEASE_SECONDS * 1_000 && !isProvenDead(driver),
  }
}
