import { sql } from 'kysely'
import { RECORDING } from '../model/recording-state.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import { statesAccepting } from '../model/state-machine.ts'
import type { CatalogDb, CatalogTransaction } from './catalog-schema.ts'
import type { RunKey } from './tenant-runs.ts'

/** Inserts what the plan sends as recorded: the static migrations that run in a transaction. */
export async function insertRecordings(
  tx: CatalogTransaction,
  rolloutId: number,
  { migrations, policy }: RolloutPlan,
): Promise<void> {
  const recorded = policy.replay
    ? migrations.filter(({ assessment, transaction }) => assessment.kind === 'static' && transaction)
    : []
  if (recorded.length === 0) return
  const state = policy.proof === 0 ? 'proven' : 'proving'
  await tx
    .insertInto('fleet.rollout_migration')
    .values(recorded.map(({ name }) => ({ rollout_id: rolloutId, name, state })))
    .execute()
}

/** Returns the names of what a rollout sends as recorded once it is proven. */
export async function listRecordings(db: CatalogDb, rolloutId: number): Promise<string[]> {
  const rows = await db
    .selectFrom('fleet.rollout_migration')
    .select('name')
    .where('rollout_id', '=', rolloutId)
    .execute()
  return rows.map(({ name }) => name)
}

/**
 * Notes that a tenant ran migrations live and was sent exactly what is recorded. Each tenant counts once; a migration that
 * has the last one that the proof asks for is proven.
 * @returns the names of those that are proven now
 */
export async function recordProof(
  db: CatalogDb,
  { rolloutId, epoch }: RunKey,
  { migrations, tenantId, proof }: { migrations: readonly string[]; tenantId: string; proof: number },
): Promise<readonly string[]> {
  if (migrations.length === 0) return []
  const { rows } = await sql<{ name: string; state: string }>`
    with active as (select id from fleet.rollout where id = ${rolloutId} and epoch = ${epoch} for share)
    update fleet.rollout_migration m
    set proven_by = array_append(m.proven_by, ${tenantId}::text),
      state = case when cardinality(m.proven_by) + 1 >= ${proof} then 'proven' else m.state end
    from active
    where m.rollout_id = active.id and m.name = any(${[...migrations]})
      and m.state = any(${statesAccepting(RECORDING, 'prove')}) and not ${tenantId} = any(m.proven_by)
    returning m.name, m.state`.execute(db)
  return migrations.filter((name) => rows.some((row) => row.name === name && row.state === 'proven'))
}

/** Notes that a tenant was sent something else than what is recorded; true the first time. */
export async function recordDeviation(
  db: CatalogDb,
  { rolloutId, epoch }: RunKey,
  { migration, deviation }: { migration: string; deviation: string },
): Promise<boolean> {
  const { rows } = await sql`
    with active as (select id from fleet.rollout where id = ${rolloutId} and epoch = ${epoch} for share)
    update fleet.rollout_migration m set state = 'live', deviation = ${deviation}
    from active
    where m.rollout_id = active.id and m.name = ${migration} and m.state = any(${statesAccepting(RECORDING, 'deviate')})
    returning m.name`.execute(db)
  return rows.length > 0
}
