import { sql } from 'kysely'
import { FleetError } from '../model/errors.ts'
import type { CatalogTransaction } from './catalog-schema.ts'
import { holdNewTenants } from './meta.ts'
import { refuseSecond } from './rollout-verbs.ts'
import type { RolloutRow } from './rollouts.ts'

/**
 * Moves a planned rollout to running; its waves and runs are to be made in the same transaction.
 * @throws FleetError ROLLOUT_ACTIVE when another one is not finished, or somebody else has started this one
 */
export async function beginRollout(
  tx: CatalogTransaction,
  rolloutId: number,
): Promise<Pick<RolloutRow, 'plan' | 'assignment'>> {
  await holdNewTenants(tx)
  await refuseSecond(tx)
  const rollout = await tx
    .updateTable('fleet.rollout')
    .set({ state: 'running', started_at: sql<Date>`now()` })
    .where('id', '=', rolloutId)
    .where('state', '=', 'planned')
    .returning(['plan', 'assignment'])
    .executeTakeFirst()
  if (rollout !== undefined) return rollout
  throw new FleetError('ROLLOUT_ACTIVE', 'Another process has started this plan meanwhile.')
}

/** Opens the servers that the runs of a rollout are on. */
export async function openServers(tx: CatalogTransaction, rolloutId: number): Promise<void> {
  await sql`
    insert into fleet.rollout_server (rollout_id, server)
    select distinct rollout_id, server from fleet.tenant_run where rollout_id = ${rolloutId}`.execute(tx)
  // Without it the planner takes the new rollout for empty, and reads all of it each turn.
  await sql`analyze fleet.tenant_run, fleet.wave, fleet.rollout_server`.execute(tx)
}
