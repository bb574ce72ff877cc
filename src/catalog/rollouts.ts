import { type Selectable, sql } from 'kysely'
import type { RolloutPlan } from '../model/rollout.ts'
import type { Assignment } from './assign-waves.ts'
import type { CatalogDb, CatalogSchema } from './catalog-schema.ts'

export type RolloutRow = Selectable<CatalogSchema['fleet.rollout']>

export interface PlanToSave {
  readonly plan: RolloutPlan
  /** Of an undo: the rollout that it takes back. */
  readonly undoes?: number
  readonly intent: string
  readonly assignment: Assignment
  /** When the plan looked at the fleet: who becomes ready later is a joiner. */
  readonly plannedAt: string
}

/** Writes a plan down as a rollout in state `planned`; the same digest again is the same row with a new time. */
export async function savePlan(
  db: CatalogDb,
  { plan, undoes, intent, assignment, plannedAt }: PlanToSave,
): Promise<number> {
  await sql`
    delete from fleet.rollout
    where state = 'planned' and planned_at < now() - interval '7 days' and digest <> ${plan.digest}`.execute(db)
  const row = await db
    .insertInto('fleet.rollout')
    .values({
      state: 'planned',
      direction: undoes === undefined ? 'forward' : 'back',
      undoes: undoes ?? null,
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
        // Not a parameter: from its sixth use on, a prepared statement would not find the partial index by it.
        .where('state', '=', sql.lit('planned' as const))
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

/** Returns the last rollout that takes this one back, plans left out; undefined when there is none. */
export async function findUndoOf(db: CatalogDb, id: number): Promise<RolloutRow | undefined> {
  return db
    .selectFrom('fleet.rollout')
    .selectAll()
    .where('undoes', '=', id)
    .where('state', '<>', 'planned')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
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
