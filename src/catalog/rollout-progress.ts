import { sql } from 'kysely'
import { ID_PATTERN } from '../model/failure-cause.ts'
import type { FailureGroup, TenantRun, WaveProgress } from '../model/rollout.ts'
import type { RolloutFacts } from '../model/rollout-facts.ts'
import type { TenantRunState } from '../model/tenant-run-state.ts'
import type { CatalogDb } from './catalog-schema.ts'

/**
 * Reads what the next step is decided on, in one query; undefined when there is no such rollout. Whether a wave has
 * pending runs is looked up server by server, each the first entry of an index: an `exists` over all of them was turned
 * into a join that reads every pending run, 0.2 s a turn at 300,000.
 */
export async function readRolloutFacts(db: CatalogDb, rolloutId: number): Promise<RolloutFacts | undefined> {
  const { rows } = await sql<RolloutFacts>`
    select r.state, r.epoch,
      array(select name from fleet.rollout_migration m where m.rollout_id = r.id and m.state = 'proving') as proving,
      array(select name from fleet.rollout_migration m where m.rollout_id = r.id and m.state = 'live') as deviating,
      coalesce((
      select jsonb_agg(jsonb_build_object('server', s.server, 'message', s.message) order by s.server)
      from fleet.rollout_server s where s.rollout_id = r.id and s.state = 'paused'), '[]') as unfit,
      coalesce((
      select jsonb_agg(jsonb_build_object(
        'name', w.name, 'position', w.position, 'concurrency', w.concurrency, 'maxFailures', w.max_failures,
        'startedAt', w.started_at, 'finishedAt', w.finished_at,
        'pending', waiting.open is not null,
        'open', coalesce(waiting.open, false),
        'running', (select count(*) from fleet.tenant_run t where t.rollout_id = r.id and t.wave = w.position and t.state = 'running'),
        'failed', (select count(*) from fleet.tenant_run t where t.rollout_id = r.id and t.wave = w.position and t.state = 'failed')
      ) order by w.position)
      from fleet.wave w
      cross join lateral (
        select bool_or(s.state = 'open') as open
        from fleet.rollout_server s
        cross join lateral (
          select from fleet.tenant_run t
          where t.rollout_id = r.id and t.wave = w.position and t.server = s.server and t.state = 'pending' limit 1
        ) first
        where s.rollout_id = r.id
      ) waiting
      where w.rollout_id = r.id), '[]') as waves
    from fleet.rollout r where r.id = ${rolloutId}`.execute(db)
  return rows[0]
}

/** Notes that a wave has begun; true the first time. */
export async function markWaveStarted(db: CatalogDb, rolloutId: number, position: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('fleet.wave')
    .set({ started_at: sql<Date>`now()` })
    .where('rollout_id', '=', rolloutId)
    .where('position', '=', position)
    .where('started_at', 'is', null)
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Notes that every run of a wave is settled; true the first time. */
export async function markWaveFinished(db: CatalogDb, rolloutId: number, position: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('fleet.wave')
    .set({ finished_at: sql<Date>`now()` })
    .where('rollout_id', '=', rolloutId)
    .where('position', '=', position)
    .where('finished_at', 'is', null)
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Counts all runs by wave and state: grows with the fleet, so it is for people, not for the loop. */
export async function readWaveProgress(db: CatalogDb, rolloutId: number): Promise<WaveProgress[]> {
  const waves = await db
    .selectFrom('fleet.wave')
    .selectAll()
    .where('rollout_id', '=', rolloutId)
    .orderBy('position')
    .execute()
  const counts = await db
    .selectFrom('fleet.tenant_run')
    .select(['wave', 'state', ({ fn }) => fn.countAll<string>().as('runs')])
    .where('rollout_id', '=', rolloutId)
    .groupBy(['wave', 'state'])
    .execute()
  return waves.map((wave) => {
    const of = (state: TenantRunState) =>
      Number(counts.find((it) => it.wave === wave.position && it.state === state)?.runs ?? 0)
    return {
      name: wave.name,
      position: wave.position,
      concurrency: wave.concurrency,
      maxFailures: wave.max_failures,
      startedAt: wave.started_at,
      finishedAt: wave.finished_at,
      counts: {
        pending: of('pending'),
        running: of('running'),
        succeeded: of('succeeded'),
        failed: of('failed'),
        skipped: of('skipped'),
      },
    }
  })
}

/** Groups failed runs by cause, as `causeOf` does, the most frequent first; the message is that of the example. */
export async function readFailures(db: CatalogDb, rolloutId: number, limit: number): Promise<FailureGroup[]> {
  const { rows } = await sql<{
    migration: string | null
    sqlstate: string | null
    message: string
    count: string
    example: string
  }>`
    select migration, sqlstate, coalesce((array_agg(message order by tenant_id))[1], '') as message, count(*), min(tenant_id) as example
    from fleet.tenant_run where rollout_id = ${rolloutId} and state = 'failed'
    group by migration, sqlstate, case when sqlstate is null then regexp_replace(message, ${ID_PATTERN}, '…', 'g') else message end
    order by count(*) desc, migration, sqlstate limit ${limit}`.execute(db)
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}

const PAGE = 1000

/** Streams the runs of a rollout by tenant id, in pages. */
export async function* listRuns(
  db: CatalogDb,
  rolloutId: number,
  states: readonly TenantRunState[] | undefined,
): AsyncIterable<TenantRun> {
  let after = ''
  for (;;) {
    const page = await selectRuns(db)
      .where('r.rollout_id', '=', rolloutId)
      .where('r.tenant_id', '>', after)
      .$if(states !== undefined, (it) => it.where('r.state', 'in', [...(states ?? [])]))
      .orderBy('r.tenant_id')
      .limit(PAGE)
      .execute()
    for (const row of page) yield toRun(row)
    if (page.length < PAGE) return
    after = page.at(-1)?.tenant_id ?? ''
  }
}

/** Lists the last runs of one tenant, the newest rollout first. */
export async function listRunsOfTenant(
  db: CatalogDb,
  tenantId: string,
  limit: number,
): Promise<(TenantRun & { rolloutId: string })[]> {
  const rows = await selectRuns(db)
    .where('r.tenant_id', '=', tenantId)
    .orderBy('r.rollout_id', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...toRun(row), rolloutId: `r${row.rollout_id}` }))
}

function selectRuns(db: CatalogDb) {
  return db
    .selectFrom('fleet.tenant_run as r')
    .innerJoin('fleet.wave as w', (it) =>
      it.onRef('w.rollout_id', '=', 'r.rollout_id').onRef('w.position', '=', 'r.wave'),
    )
    .select([
      'r.rollout_id',
      'r.tenant_id',
      'w.name',
      'r.state',
      'r.attempt',
      'r.migration',
      'r.sqlstate',
      'r.message',
      'r.started_at',
      'r.finished_at',
    ])
}

function toRun(row: Awaited<ReturnType<ReturnType<typeof selectRuns>['executeTakeFirstOrThrow']>>): TenantRun {
  return {
    tenantId: row.tenant_id,
    wave: row.name,
    state: row.state,
    attempt: row.attempt,
    migration: row.migration,
    sqlstate: row.sqlstate,
    message: row.message,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}
