import { type SqlBool, sql } from 'kysely'
import type { RestorePoint, RestorePointReason, WriteCounters } from '../model/restore-point.ts'
import type { CopyTaken } from '../model/restore-point-cost.ts'
import { RESTORE_POINT, type RestorePointState } from '../model/restore-point-state.ts'
import { stateAfter, statesAccepting } from '../model/state-machine.ts'
import type { CatalogDb } from './catalog-schema.ts'
import { saveHistory } from './histories.ts'
import { EXPIRES_AT } from './restore-point-expiry.ts'
import { formatId, parseId } from './restore-point-id.ts'

/** A restore point with what only the fleet itself needs to know. */
export interface StoredRestorePoint extends RestorePoint {
  readonly databaseId: string | null
  readonly counters: WriteCounters | null
  /** In a history that the provider keeps anyway, in the provider's words; null: it was a copy from the beginning. */
  readonly position: string | null
  /** Whether anything was made, or begun to be made, that has to be removed. */
  readonly hasCopy: boolean
  /** By the catalog's clock. */
  readonly expired: boolean
  /** Of what a restore has kept: the restore point that has taken its place. */
  readonly replacedBy: string | null
}

export interface NewRestorePoint {
  readonly tenantId: string
  readonly history: readonly string[]
  /** The rollout that takes it. */
  readonly rolloutId?: number | undefined
  /** Of what a restore keeps: the restore point that takes its place. */
  readonly replacedBy?: string
  /** How long it is kept, in milliseconds. */
  readonly keep: number
  /** Whether something is going to be made, not just noted. */
  readonly hasCopy: boolean
  /** Where it will be. */
  readonly place: (id: string) => { readonly server: string; readonly database: string }
}

/** Records a restore point as `creating`; returns its id. */
export async function insertRestorePoint(
  db: CatalogDb,
  { tenantId, history, rolloutId, replacedBy, keep, hasCopy, place }: NewRestorePoint,
): Promise<string> {
  const history_id = await saveHistory(db, history)
  const { rows } = await sql<{ id: number }>`
    select nextval(pg_get_serial_sequence('fleet.restore_point', 'id'))::int as id`.execute(db)
  const number = rows[0]?.id ?? 0
  const id = formatId(number)
  const { server, database } = place(id)
  const replaced = replacedBy === undefined ? null : parseId(replacedBy)
  await sql`
    insert into fleet.restore_point (id, tenant_id, state, rollout_id, replaced_by, server, database, history_id, has_copy, keep)
    overriding system value
    values (${number}, ${tenantId}, 'creating', ${rolloutId ?? null}, ${replaced}, ${server}, ${database}, ${history_id}, ${hasCopy},
      make_interval(secs => ${keep / 1_000}))`.execute(db)
  return id
}

/** Marks a restore point as ready; false when it is not being created any more. */
export async function finishRestorePoint(
  db: CatalogDb,
  id: string,
  made: {
    /** Null: nothing was copied, and a position was noted. */
    readonly databaseId: string | null
    readonly noted?: { readonly position: string; readonly reachMs: number }
    readonly bytes: number
    readonly history: readonly string[]
    readonly counters: WriteCounters | null
    /** Left out: nothing was copied. */
    readonly copying?: CopyTaken
  },
): Promise<boolean> {
  const history_id = await saveHistory(db, made.history)
  const { numUpdatedRows } = await db
    .updateTable('fleet.restore_point')
    .set({
      state: 'ready',
      database_id: made.databaseId,
      position: made.noted?.position ?? null,
      reach: made.noted === undefined ? null : sql<string>`make_interval(secs => ${made.noted.reachMs / 1_000})`,
      bytes: made.bytes,
      history_id,
      counters: made.counters && JSON.stringify(made.counters),
      copying: made.copying === undefined ? null : JSON.stringify(made.copying),
      ready_at: sql<Date>`now()`,
    })
    .where('id', '=', parseId(id))
    .where('state', 'in', statesAccepting(RESTORE_POINT, 'finish'))
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Moves a restore point on, if it is in a state that accepts the verb; false when it is not. */
export async function changeRestorePoint(
  db: CatalogDb,
  id: string,
  verb: 'fail' | 'restore' | 'release',
  error: string | null = null,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('fleet.restore_point')
    .set({ state: stateAfter(RESTORE_POINT, verb), ...(error === null ? {} : { error }) })
    .where('id', '=', parseId(id))
    .where('state', 'in', statesAccepting(RESTORE_POINT, verb))
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

export interface RestorePointFilter {
  readonly tenantId?: string
  /** Default: all but the released ones. */
  readonly states?: readonly RestorePointState[]
}

/** Lists restore points, the newest first. */
export async function listRestorePoints(
  db: CatalogDb,
  { tenantId, states = ['creating', 'ready', 'failed', 'restored'] }: RestorePointFilter = {},
): Promise<readonly StoredRestorePoint[]> {
  const rows = await selectRestorePoints(db)
    .where('p.state', 'in', [...states])
    .$if(tenantId !== undefined, (it) => it.where('p.tenant_id', '=', tenantId ?? ''))
    .orderBy('p.id', 'desc')
    .execute()
  return rows.map(toRestorePoint)
}

/**
 * Lists what nobody will return to: restore points whose time is over, whose tenant was deleted, that failed or were
 * returned to, and those whose making has not ended in an hour. Not what a restore that was interrupted may have kept, nor what
 * was found to go with its tenant.
 */
export async function listReleasable(db: CatalogDb): Promise<readonly StoredRestorePoint[]> {
  const rows = await selectRestorePoints(db)
    .where(
      sql<SqlBool>`p.state = 'failed' or p.state = 'restored' and not p.goes_with_tenant
        or p.state = 'ready' and not p.goes_with_tenant and ${EXPIRES_AT} <= now()
        or p.state = 'creating' and p.replaced_by is null and p.created_at < now() - interval '1 hour'
        or p.state in ('creating', 'ready', 'restored') and exists (
          select from fleet.tenant t where t.id = p.tenant_id and t.state = 'deleted')`,
    )
    .orderBy('p.id')
    .execute()
  return rows.map(toRestorePoint)
}

/** Returns one restore point in whatever state; undefined when there never was one. */
export async function findRestorePoint(db: CatalogDb, id: string): Promise<StoredRestorePoint | undefined> {
  if (!/^p\d{1,9}$/.test(id)) return undefined
  const row = await selectRestorePoints(db).where('p.id', '=', parseId(id)).executeTakeFirst()
  return row && toRestorePoint(row)
}

/**
 * Returns the restore point that a rollout has taken of a tenant or, of an undo, the state that its restore has kept; undefined
 * when there is none that is ready.
 */
export async function findRestorePointOf(
  db: CatalogDb,
  {
    rolloutId,
    tenantId,
    reason,
  }: { readonly rolloutId: number; readonly tenantId: string; readonly reason: 'rollout' | 'restore' },
): Promise<StoredRestorePoint | undefined> {
  const row = await selectRestorePoints(db)
    .where('p.rollout_id', '=', rolloutId)
    .where('p.tenant_id', '=', tenantId)
    .where('p.state', '=', 'ready')
    .where('p.replaced_by', reason === 'restore' ? 'is not' : 'is', null)
    .orderBy('p.id')
    .limit(1)
    .executeTakeFirst()
  return row && toRestorePoint(row)
}

/** Forgets a restore point of which nothing was made. */
export async function forgetRestorePoint(db: CatalogDb, id: string): Promise<void> {
  await db.deleteFrom('fleet.restore_point').where('id', '=', parseId(id)).where('state', '=', 'creating').execute()
}

function selectRestorePoints(db: CatalogDb) {
  return db
    .selectFrom('fleet.restore_point as p')
    .innerJoin('fleet.history as h', 'h.id', 'p.history_id')
    .leftJoin('fleet.rollout as r', 'r.id', 'p.rollout_id')
    .selectAll('p')
    .select([
      'h.names',
      'h.version',
      EXPIRES_AT.as('expires_at'),
      sql<boolean>`coalesce(${EXPIRES_AT} <= now(), false)`.as('expired'),
    ])
}

type Row = Awaited<ReturnType<ReturnType<typeof selectRestorePoints>['executeTakeFirstOrThrow']>>

function toRestorePoint(row: Row): StoredRestorePoint {
  return {
    id: formatId(row.id),
    tenantId: row.tenant_id,
    state: row.state,
    reason: reasonOf(row),
    server: row.server,
    database: row.database,
    databaseId: row.database_id,
    version: row.version,
    history: row.names,
    counters: row.counters,
    bytes: row.bytes === null ? null : Number(row.bytes),
    grade: row.position !== null && row.database_id === null ? 'position' : 'copy',
    position: row.position,
    hasCopy: row.has_copy,
    goesWithTenant: row.goes_with_tenant,
    createdAt: row.created_at,
    readyAt: row.ready_at,
    expiresAt: row.expires_at,
    error: row.error,
    expired: row.expired,
    replacedBy: row.replaced_by === null ? null : formatId(row.replaced_by),
  }
}

/** Says why a restore point was made. */
export function reasonOf({ rollout_id, replaced_by }: Pick<Row, 'rollout_id' | 'replaced_by'>): RestorePointReason {
  if (replaced_by !== null) return 'restore'
  return rollout_id === null ? 'manual' : 'rollout'
}
