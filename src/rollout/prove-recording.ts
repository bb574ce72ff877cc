import type { CompiledQuery } from 'kysely'
import { listRecordings, recordDeviation, recordProof } from '../catalog/recordings.ts'
import type { RolloutRow } from '../catalog/rollouts.ts'
import { surviveOutage } from '../catalog/survive-outage.ts'
import type { RunKey } from '../catalog/tenant-runs.ts'
import type { CompiledMigration } from '../migrations/compile/compiled-migration.ts'
import { reverseMigration } from '../migrations/reverse-migration.ts'
import { FleetError } from '../model/errors.ts'
import type { DownPlan } from '../model/rollout.ts'
import type { DriveContext } from './drive-rollout.ts'
import type { EventBody } from './migrate-tenant.ts'

/**
 * Returns what this rollout sends as recorded.
 * @throws FleetError PLAN_CHANGED when a migration sends something else by now than what was planned
 */
export async function recordedIn(
  { id, plan }: RolloutRow,
  { db, migrations, recordingsOf }: DriveContext,
): Promise<ReadonlyMap<string, CompiledMigration>> {
  if (plan.undo?.down) return recordedDowns(plan.undo.down, { migrations, recordingsOf })
  const names = await surviveOutage(() => listRecordings(db, id))
  if (names.length === 0) return new Map()
  const recorded = await recordingsOf(migrations.filter(({ name }) => names.includes(name)))
  const changed = plan.migrations.filter(
    ({ name, assessment }) => names.includes(name) && recorded.get(name)?.checksum !== assessment.sqlChecksum,
  )
  if (changed.length > 0) throw sendsOther(changed)
  return recorded
}

async function recordedDowns(
  { migrations: planned }: DownPlan,
  { migrations, recordingsOf }: Pick<DriveContext, 'migrations' | 'recordingsOf'>,
): Promise<ReadonlyMap<string, CompiledMigration>> {
  const files = migrations.filter(({ name }) => planned.some((it) => it.name === name))
  const recorded = await recordingsOf(files.flatMap((it) => reverseMigration(it) ?? []))
  const changed = planned.filter(({ name, sqlChecksum }) => recorded.get(name)?.checksum !== sqlChecksum)
  if (changed.length > 0) throw sendsOther(changed)
  return recorded
}

function sendsOther(changed: readonly { readonly file: string }[]): FleetError {
  const files = changed.map(({ file }) => file).join(', ')
  return new FleetError('PLAN_CHANGED', `Sends other SQL than when the rollout was planned: ${files}.`, {
    remedy: 'Use the files and the version of Kysely that it was planned with, or abort the rollout and plan again.',
  })
}

interface ProofInput extends RunKey {
  readonly tenantId: string
  /** What the tenant was sent, live, by migration. */
  readonly sent: ReadonlyMap<string, readonly CompiledQuery[]>
  readonly recorded: ReadonlyMap<string, CompiledMigration>
  readonly emit: (event: EventBody) => void
}

/** Compares what a tenant was sent with what is recorded; from then on both count, whoever drives. */
export async function prove(
  { tenantId, sent, recorded, emit, ...key }: ProofInput,
  { plan }: RolloutRow,
  { db, migrations }: DriveContext,
): Promise<void> {
  // Needs the parser, which whoever sends as recorded has no use for.
  const { deviationFrom } = await import('../migrations/compile/deviation.ts')
  const { proof } = plan.policy
  const asRecorded: string[] = []
  for (const [migration, queries] of sent) {
    const recording = recorded.get(migration)
    const file = migrations.find(({ name }) => name === migration)
    if (recording === undefined || file === undefined) continue
    const deviation = deviationFrom(recording, queries, file)
    if (deviation === undefined) asRecorded.push(migration)
    else if (await surviveOutage(() => recordDeviation(db, key, { migration, deviation })))
      emit({ type: 'migration.deviated', migration, tenantId, deviation })
  }
  const proven = await surviveOutage(() => recordProof(db, key, { migrations: asRecorded, tenantId, proof }))
  for (const migration of proven) emit({ type: 'migration.proven', migration, tenants: proof })
}
