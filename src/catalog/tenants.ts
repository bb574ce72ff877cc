import { type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { Address } from '../model/connection.ts'
import { stateAfter, statesAccepting } from '../model/state-machine.ts'
import type { Placement, Tags, Tenant } from '../model/tenant.ts'
import { TENANT, type TenantState } from '../model/tenant-state.ts'
import type { CatalogDb, CatalogSchema } from './catalog-schema.ts'
import { historyId, saveHistory } from './histories.ts'

/** Which tenants a listing shows. */
export interface TenantFilter {
  readonly states?: readonly TenantState[]
  readonly tags?: Tags
  /** Only those at this version; null: those without any migration. */
  readonly version?: string | null
  readonly pinned?: boolean
}

const PAGE = 1000

/** Streams tenants by id, in pages. */
export async function* listTenants(db: CatalogDb, filter: TenantFilter = {}): AsyncIterable<Tenant> {
  let after = ''
  for (;;) {
    const page = await selectTenants(db)
      .where('t.id', '>', after)
      .where('t.state', 'in', [...(filter.states ?? (['creating', 'ready', 'deleting', 'failed'] as const))])
      .$if(filter.tags !== undefined, (it) => it.where(hasTags(filter.tags ?? {})))
      .$if(filter.version !== undefined, (it) => it.where('h.version', 'is not distinct from', filter.version ?? null))
      .$if(filter.pinned !== undefined, (it) => it.where('t.pinned', filter.pinned ? 'is not' : 'is', null))
      .orderBy('t.id')
      .limit(PAGE)
      .execute()
    for (const row of page) yield toTenant(row)
    if (page.length < PAGE) return
    after = page.at(-1)?.id ?? ''
  }
}

/** Returns one tenant in whatever state; undefined when there never was one. */
export async function findTenant(db: CatalogDb, id: string): Promise<Tenant | undefined> {
  const row = await selectTenants(db).where('t.id', '=', id).executeTakeFirst()
  return row && toTenant(row)
}

/** Returns the id of the tenant that a database belongs to, by what it is or by where it is; undefined when it is nobody's. */
export async function findTenantAt(
  db: CatalogDb,
  { placement, identity }: { placement: Placement; identity: string | null },
): Promise<string | undefined> {
  const row = await db
    .selectFrom('fleet.tenant')
    .select('id')
    .where('state', '<>', 'deleted')
    .where(
      sql<SqlBool>`(identity = ${identity} or server = ${placement.server} and placement ->> 'database' = ${placement.database})`,
    )
    .executeTakeFirst()
  return row?.id
}

/** Returns which of these ids belong to tenants that are not deleted. */
export async function existingTenantIds(db: CatalogDb, ids: readonly string[]): Promise<string[]> {
  const rows = await db
    .selectFrom('fleet.tenant')
    .select('id')
    .where(sql<SqlBool>`id = any(${[...ids]})`)
    .where('state', '<>', 'deleted')
    .execute()
  return rows.map((row) => row.id)
}

/** Returns ids of tenants that are not deleted, in order: for suggestions when an id is unknown. */
export async function sampleTenantIds(db: CatalogDb, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('fleet.tenant')
    .select('id')
    .where('state', '<>', 'deleted')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.id)
}

/** Returns where a tenant is that the fleet has made, the first by id; undefined: there is none. */
export async function firstPlacement(db: CatalogDb): Promise<Placement | undefined> {
  const row = await db
    .selectFrom('fleet.tenant')
    .select('placement')
    .where('state', '<>', 'deleted')
    .where('origin', '=', 'created')
    .where(sql<SqlBool>`placement ->> 'databaseId' is not null`)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row?.placement ?? undefined
}

/** Moves a tenant to another state if it is in one that accepts the verb; false when it is not. */
export async function changeTenant(db: CatalogDb, id: string, verb: 'delete' | 'finish-delete'): Promise<boolean> {
  const state = stateAfter(TENANT, verb)
  const { numUpdatedRows } = await db
    .updateTable('fleet.tenant')
    .set({
      state,
      error: null,
      ...(state === 'deleted' ? { secret: null, placement: null, pinned: null, identity: null } : {}),
    })
    .where('id', '=', id)
    .where('state', 'in', statesAccepting(TENANT, verb))
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Records the provider's pooler before a tenant. */
export async function recordPooler(db: CatalogDb, id: string, pooler: Address): Promise<void> {
  await db
    .updateTable('fleet.tenant')
    .set({ placement: sql`jsonb_set(placement, '{pooler}', ${JSON.stringify(pooler)}::jsonb)` })
    .where('id', '=', id)
    .where('state', '=', 'ready')
    .execute()
}

/** Corrects the catalog's copy of a tenant's history, unless it is not the one any more that was compared with. */
export async function recordHistory(
  db: CatalogDb,
  id: string,
  { was, is }: { was: readonly string[]; is: readonly string[] },
): Promise<void> {
  const history_id = await saveHistory(db, is)
  await db
    .updateTable('fleet.tenant')
    .set({ history_id, checked_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where('history_id', '=', historyId(was))
    .execute()
}

/** Returns some encrypted secret, to see whether the key at hand opens it; undefined when there is none. */
export async function readAnySecret(db: CatalogDb): Promise<string | undefined> {
  const row = await db
    .selectFrom('fleet.tenant')
    .select('secret')
    .where('secret', 'is not', null)
    .limit(1)
    .executeTakeFirst()
  return row?.secret ?? undefined
}

/** Returns the encrypted secret of a tenant. */
export async function readTenantSecret(db: CatalogDb, id: string): Promise<string | null> {
  const row = await db.selectFrom('fleet.tenant').select('secret').where('id', '=', id).executeTakeFirst()
  return row?.secret ?? null
}

/** Picks ready tenants at random. */
export async function sampleTenants(db: CatalogDb, count: number): Promise<Tenant[]> {
  const rows = await selectTenants(db).where('t.state', '=', 'ready').orderBy(sql`random()`).limit(count).execute()
  return rows.map(toTenant)
}

/** SQL that is true for tenants (alias t) that have all of these tags. */
export function hasTags(tags: Tags) {
  return (_: ExpressionBuilder<CatalogSchema & { t: CatalogSchema['fleet.tenant'] }, 't'>) =>
    sql<SqlBool>`t.tags @> ${JSON.stringify(tags)}::jsonb`
}

function selectTenants(db: CatalogDb) {
  return db
    .selectFrom('fleet.tenant as t')
    .innerJoin('fleet.history as h', 'h.id', 't.history_id')
    .select([
      't.id',
      't.state',
      't.origin',
      't.tags',
      't.placement',
      'h.names',
      'h.version',
      't.pinned',
      't.created_at',
      't.checked_at',
      't.error',
    ])
}

type TenantRow = Awaited<ReturnType<ReturnType<typeof selectTenants>['executeTakeFirstOrThrow']>>

function toTenant(row: TenantRow): Tenant {
  return {
    id: row.id,
    state: row.state,
    origin: row.origin,
    tags: row.tags,
    placement: row.placement,
    history: row.names,
    version: row.version,
    pinned: row.pinned,
    createdAt: row.created_at,
    checkedAt: row.checked_at,
    error: row.error,
  }
}
