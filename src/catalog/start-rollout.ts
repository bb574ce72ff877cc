import { sql } from 'kysely'
import { FleetError } from '../model/errors.ts'
import { JOINERS, type RolloutPlan } from '../model/rollout.ts'
import { type AssignmentInput, assignWaves, inScope } from './assign-waves.ts'
import type { CatalogDb, CatalogTransaction } from './catalog-schema.ts'
import { holdNewTenants } from './meta.ts'
import { refuseSecond } from './rollouts.ts'

export interface StartInput {
  readonly rolloutId: number
  readonly plan: RolloutPlan
  /** As the plan was counted, with sizes resolved to numbers. */
  readonly assignment: AssignmentInput
}

export interface StartOutcome {
  readonly tenants: number
  /** Tenants that became ready after the plan was made. */
  readonly joiners: number
  /** Tenants that the plan counted and that are not to be migrated any more. */
  readonly dropped: number
}

/**
 * Moves a planned rollout to running and makes its waves and tenant runs, all in one transaction.
 * @throws FleetError ROLLOUT_ACTIVE when another one is not finished; PLAN_CHANGED when tags or pins are not those that
 *   the plan saw
 */
export async function startRollout(db: CatalogDb, { rolloutId, plan, assignment }: StartInput): Promise<StartOutcome> {
  return db.transaction().execute(async (tx) => {
    await holdNewTenants(tx)
    await refuseSecond(tx)
    const rollout = await tx
      .updateTable('fleet.rollout')
      .set({ state: 'running', started_at: sql<Date>`now()` })
      .where('id', '=', rolloutId)
      .where('state', '=', 'planned')
      .returning('planned_at')
      .executeTakeFirst()
    if (rollout === undefined) throw new FleetError('PLAN_CHANGED', 'Another process has started this plan meanwhile.')
    await refuseChanged(tx, plan, rollout.planned_at)

    const counts = await insertRuns(tx, { rolloutId, plan, assignment, plannedAt: rollout.planned_at })
    const joiners = counts.get(plan.waves.length) ?? 0
    const tenants = [...counts.values()].reduce((sum, it) => sum + it, 0)
    const waves = plan.waves.map((wave) => ({
      name: wave.name,
      concurrency: wave.concurrency,
      max_failures: wave.maxFailures,
    }))
    if (joiners > 0) waves.push({ name: JOINERS, concurrency: plan.policy.concurrency, max_failures: 0 })
    if (waves.length > 0) {
      await tx
        .insertInto('fleet.wave')
        .values(waves.map((wave, position) => ({ rollout_id: rolloutId, position, ...wave })))
        .execute()
    }
    await sql`
      insert into fleet.rollout_server (rollout_id, server)
      select distinct rollout_id, server from fleet.tenant_run where rollout_id = ${rolloutId}`.execute(tx)
    // Without it the planner takes the new rollout for empty, and reads all of it each turn.
    await sql`analyze fleet.tenant_run, fleet.wave, fleet.rollout_server`.execute(tx)
    return { tenants, joiners, dropped: Math.max(0, plan.tenants - (tenants - joiners)) }
  })
}

/** Inserts a run per targeted tenant; returns how many by position of the wave, the joiners' being the last. */
async function insertRuns(
  tx: CatalogTransaction,
  { rolloutId, plan, assignment, plannedAt }: StartInput & { plannedAt: Date },
): Promise<Map<number, number>> {
  // The plan leaves out waves that nobody is in, or that were not asked for: from the rule's index to the wave's position.
  const position = Object.fromEntries(
    assignment.waves
      .map((rule, index) => [index, plan.waves.findIndex((wave) => wave.name === rule.name)])
      .filter(([, at]) => at !== -1),
  )
  await sql`
    insert into fleet.tenant_run (rollout_id, tenant_id, wave, position, server, state)
    select ${rolloutId}, id, at, row_number() over (order by at, sort collate "C"), server, 'pending'
    from (
      select a.*, case when a.ready_at > ${plannedAt} then ${plan.waves.length}::int
        else (${JSON.stringify(position)}::jsonb ->> a.wave::text)::int end as at
      from ${assignWaves(assignment)} a
    ) placed
    where at is not null`.execute(tx)
  const { rows } = await sql<{ wave: number; tenants: string }>`
    select wave, count(*) as tenants from fleet.tenant_run where rollout_id = ${rolloutId} group by wave`.execute(tx)
  return new Map(rows.map((row) => [row.wave, Number(row.tenants)]))
}

async function refuseChanged(tx: CatalogTransaction, plan: RolloutPlan, plannedAt: Date): Promise<void> {
  const { rows } = await sql<{ changed: string }>`
    select count(*) as changed from fleet.tenant t
    where t.state = 'ready' and ${inScope({ ...plan.scope, tags: {} })}
      and t.changed_at > ${plannedAt} and t.ready_at <= ${plannedAt}`.execute(tx)
  const changed = Number(rows[0]?.changed)
  if (changed > 0) {
    throw new FleetError(
      'PLAN_CHANGED',
      `Tags or pins of ${changed} tenant${changed === 1 ? '' : 's'} changed after the plan was made.`,
    )
  }
}
