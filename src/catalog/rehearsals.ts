import { type SqlBool, sql } from 'kysely'
import { type DriverIdentity, isProvenDead } from '../lib/process-identity.ts'
import type { RehearsalReport } from '../model/rehearsal.ts'
import { REHEARSAL, type RehearsalState, type RehearsalVerb } from '../model/rehearsal-state.ts'
import { stateAfter, statesAccepting } from '../model/state-machine.ts'
import type { CatalogDb } from './catalog-schema.ts'
import { LEASE_SECONDS } from './leases.ts'

/** Prints the number of a rehearsal: `h7`. */
export function formatRehearsalId(id: number): string {
  return `h${id}`
}

/** For so long a rehearsal says something about its plan, in SQL. */
const COUNTS_FOR = sql`interval '7 days'`

/** Records a rehearsal as running; forgets those that say nothing any more and have left nothing. */
export async function insertRehearsal(db: CatalogDb, digest: string, driver: DriverIdentity): Promise<number> {
  await sql`
    delete from fleet.rehearsal h where h.state <> 'running' and h.finished_at < now() - ${COUNTS_FOR}
      and not exists (select from fleet.rehearsal_branch b where b.rehearsal_id = h.id)`.execute(db)
  const { id } = await db
    .insertInto('fleet.rehearsal')
    .values({ state: 'running', digest, driver: JSON.stringify(driver) })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

/** Says that its process is alive; false when somebody has given the rehearsal up. */
export async function renewRehearsal(db: CatalogDb, id: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('fleet.rehearsal')
    .set({ heartbeat_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Ends a rehearsal; false when it is not running any more. */
export async function endRehearsal(
  db: CatalogDb,
  id: number,
  verb: RehearsalVerb,
  report: RehearsalReport | null = null,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('fleet.rehearsal')
    .set({
      state: stateAfter(REHEARSAL, verb),
      finished_at: sql<Date>`now()`,
      report: report && JSON.stringify(report),
    })
    .where('id', '=', id)
    .where('state', 'in', statesAccepting(REHEARSAL, verb))
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Gives up the rehearsals whose process is dead: proven so, or not heard of for as long as a driver may be silent. */
export async function abandonDeadRehearsals(db: CatalogDb): Promise<void> {
  const running = await db
    .selectFrom('fleet.rehearsal')
    .select(['id', 'driver', sql<boolean>`heartbeat_at < now() - make_interval(secs => ${LEASE_SECONDS})`.as('silent')])
    .where('state', '=', 'running')
    .execute()
  for (const { id, driver, silent } of running) {
    if (silent || isProvenDead(driver)) await endRehearsal(db, id, 'abandon')
  }
}

/** A copy that is there, or may be. */
export interface RecordedBranch {
  /** Names it in its mark and in the name of its database. */
  readonly key: string
  readonly tenantId: string
  readonly server: string
  readonly database: string
}

/** Records a branch that is going to be made; undefined when the rehearsal was given up meanwhile. */
export async function insertBranch(
  db: CatalogDb,
  {
    rehearsalId,
    tenantId,
    place,
  }: {
    readonly rehearsalId: number
    readonly tenantId: string
    readonly place: (key: string) => { readonly server: string; readonly database: string }
  },
): Promise<RecordedBranch | undefined> {
  const { rows } = await sql<{ id: number }>`
    select nextval(pg_get_serial_sequence('fleet.rehearsal_branch', 'id'))::int as id`.execute(db)
  const number = rows[0]?.id ?? 0
  const key = formatKey(number)
  const { server, database } = place(key)
  // The row's lock makes who gives the rehearsal up wait, and then see the branch.
  const { numAffectedRows } = await sql`
    insert into fleet.rehearsal_branch (id, rehearsal_id, tenant_id, server, database) overriding system value
    select ${number}::int, h.id, ${tenantId}, ${server}, ${database}
    from fleet.rehearsal h where h.id = ${rehearsalId} and h.state = 'running' for share`.execute(db)
  return numAffectedRows === 1n ? { key, tenantId, server, database } : undefined
}

/** Forgets a branch whose database is gone. */
export async function forgetBranch(db: CatalogDb, key: string): Promise<void> {
  await db.deleteFrom('fleet.rehearsal_branch').where('id', '=', parseKey(key)).execute()
}

/** Says whether a branch is recorded: one that is not, nobody will remove. */
export async function isRecordedBranch(db: CatalogDb, key: string): Promise<boolean> {
  if (!/^b\d{1,9}$/.test(key)) return false
  const row = await db
    .selectFrom('fleet.rehearsal_branch')
    .select('id')
    .where('id', '=', parseKey(key))
    .executeTakeFirst()
  return row !== undefined
}

/** Lists the branches of rehearsals that are over, or those of a tenant, whatever the rehearsal is doing. */
export async function listBranches(
  db: CatalogDb,
  { tenantId }: { readonly tenantId?: string } = {},
): Promise<readonly RecordedBranch[]> {
  const rows = await db
    .selectFrom('fleet.rehearsal_branch as b')
    .innerJoin('fleet.rehearsal as h', 'h.id', 'b.rehearsal_id')
    .select(['b.id', 'b.tenant_id', 'b.server', 'b.database'])
    .$if(tenantId === undefined, (it) => it.where('h.state', '<>', 'running'))
    .$if(tenantId !== undefined, (it) => it.where('b.tenant_id', '=', tenantId ?? ''))
    .orderBy('b.id')
    .execute()
  return rows.map(({ id, tenant_id, ...row }) => ({ key: formatKey(id), tenantId: tenant_id, ...row }))
}

/** Lists the branches of rehearsals that are under way, by a process that was heard of lately. */
export async function branchesInUse(db: CatalogDb): Promise<readonly Pick<RecordedBranch, 'key' | 'server'>[]> {
  const rows = await db
    .selectFrom('fleet.rehearsal_branch as b')
    .innerJoin('fleet.rehearsal as h', 'h.id', 'b.rehearsal_id')
    .select(['b.id', 'b.server'])
    .where('h.state', '=', 'running')
    .where(sql<SqlBool>`h.heartbeat_at >= now() - make_interval(secs => ${LEASE_SECONDS})`)
    .execute()
  return rows.map(({ id, server }) => ({ key: formatKey(id), server }))
}

/** What the last rehearsal of a plan came to. */
export interface RehearsalVerdict {
  readonly id: string
  readonly state: RehearsalState
  readonly finishedAt: Date
  readonly report: RehearsalReport | null
}

/** Returns the last rehearsal of a plan that has a result and is not too old to count; undefined when there is none. */
export async function findRehearsalOf(db: CatalogDb, digest: string): Promise<RehearsalVerdict | undefined> {
  const row = await db
    .selectFrom('fleet.rehearsal')
    .select(['id', 'state', 'finished_at', 'report'])
    .where('digest', '=', digest)
    .where('state', 'in', ['passed', 'failed'])
    .where('finished_at', '>', sql<Date>`now() - ${COUNTS_FOR}`)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined || row.finished_at === null) return undefined
  return { id: formatRehearsalId(row.id), state: row.state, finishedAt: row.finished_at, report: row.report }
}

// Not the tenant's id: a name of a database has 63 bytes, and the fleet's and the tenant's names may fill them.
function formatKey(number: number): string {
  return `b${number}`
}

function parseKey(key: string): number {
  return Number(key.slice(1))
}
