import { type RawBuilder, sql } from 'kysely'
import { FleetError } from '../model/errors.ts'
import { JOINERS, type RolloutPlan } from '../model/rollout.ts'
import { type Assignment, assignWaves, inScope } from './assign-waves.ts'
import { beginRollout, openServers } from './begin-rollout.ts'
import type { CatalogDb, CatalogTransaction } from './catalog-schema.ts'
import { readmitMigrations } from './known-migrations.ts'
import { readTagsGeneration } from './meta.ts'
import { insertRecordings } from './recordings.ts'

export interface StartOutcome {
  readonly tenants: number
  /** Tenants that became ready after the plan was made. */
  readonly joiners: number
  /** Tenants that the plan counted and that are not to be migrated any more. */
  readonly dropped: number
}

interface Planned {
  readonly rolloutId: number
  readonly plan: RolloutPlan
  readonly assignment: Assignment
  readonly plannedAt: RawBuilder<Date>
}

/**
 * Moves a planned rollout to running and makes its waves and tenant runs, all in one transaction, by what was written down
 * with the plan.
 * @param upToTarget names of all migrations up to the target: what an undo took back of them is wanted again
 * @returns undefined, and nothing was changed: every tenant of the plan has been brought there meanwhile, or is gone
 * @throws FleetError ROLLOUT_ACTIVE when another one is not finished; PLAN_CHANGED when tags, pins or versions are not
 *   those that the plan saw
 */
export async function startRollout(
  db: CatalogDb,
  rolloutId: number,
  upToTarget: readonly string[],
): Promise<StartOutcome | undefined> {
  const starting = db.transaction().execute(async (tx) => {
    const { plan, assignment } = await beginRollout(tx, rolloutId)
    // In SQL, which keeps microseconds: to the millisecond, a tenant of the same moment would fall on the wrong side.
    const plannedAt = sql<Date>`(select planned_at from fleet.rollout where id = ${rolloutId})`
    const planned = { rolloutId, plan, assignment, plannedAt }
    if (assignment.tagsGeneration !== (await readTagsGeneration(tx))) {
      throw new FleetError('PLAN_CHANGED', 'Tags or pins of tenants changed after the plan was made.')
    }

    await insertPlanned(tx, planned)
    const joiners = await insertLater(tx, planned)
    const { rows } = await sql<{ tenants: string }>`
      select count(*) as tenants from fleet.tenant_run where rollout_id = ${rolloutId}`.execute(tx)
    const tenants = Number(rows[0]?.tenants)
    if (tenants === 0) throw new NothingLeft()
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
    await openServers(tx, rolloutId)
    await insertRecordings(tx, rolloutId, plan)
    // What was withdrawn and is before the target all the same was asked for.
    await readmitMigrations(tx, upToTarget)
    return { tenants, joiners, dropped: Math.max(0, plan.tenants - (tenants - joiners)) }
  })
  return starting.catch((error: unknown) => {
    if (error instanceof NothingLeft) return undefined
    throw error
  })
}

/** Takes the start back. */
class NothingLeft extends Error {}

/** Inserts a run per tenant that was there when the plan was made. */
async function insertPlanned(
  tx: CatalogTransaction,
  { rolloutId, plan, assignment, plannedAt }: Planned,
): Promise<void> {
  await refuseUnplanned(tx, { rolloutId, plan, assignment, plannedAt })
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
      select a.*, (${JSON.stringify(position)}::jsonb ->> a.wave::text)::int as at
      from ${assignWaves(assignment, { readyBefore: plannedAt })} a
    ) placed
    where at is not null`.execute(tx)
}

/** Inserts tenants that became ready since as joiners; returns how many. A rollout limited to waves takes none. */
async function insertLater(tx: CatalogTransaction, { rolloutId, plan, plannedAt }: Planned): Promise<number> {
  if (plan.scope.waves.length > 0) return 0
  const { numAffectedRows } = await sql`
    insert into fleet.tenant_run (rollout_id, tenant_id, wave, position, server, state)
    select ${rolloutId}, t.id, ${plan.waves.length}::int, ${plan.tenants}::int + row_number() over (order by t.id), t.server, 'pending'
    from fleet.tenant t join fleet.history h on h.id = t.history_id
    where t.state = 'ready' and t.pinned is null and ${inScope(plan.scope)} and t.ready_at > ${plannedAt}
      and not ${plan.target} = any(h.names)`.execute(tx)
  return Number(numAffectedRows ?? 0)
}

/** A tenant that has moved since to a version from which nothing was planned must not be left out silently. */
async function refuseUnplanned(tx: CatalogTransaction, { plan, assignment, plannedAt }: Planned): Promise<void> {
  const { rows } = await sql<{ id: string; version: string | null }>`
    select t.id, h.version from fleet.tenant t join fleet.history h on h.id = t.history_id
    where t.state = 'ready' and t.pinned is null and ${inScope(plan.scope)} and t.ready_at <= ${plannedAt}
      and not t.history_id = any(${[...assignment.histories]}) and not ${plan.target} = any(h.names)
    order by t.id limit 1`.execute(tx)
  const [moved] = rows
  if (moved === undefined) return
  throw new FleetError(
    'PLAN_CHANGED',
    `Tenant "${moved.id}" is at ${moved.version ?? 'no migration'} now, from where nothing was planned.`,
  )
}
