import { type SqlBool, sql } from 'kysely'
import type { Mark } from '../model/mark.ts'
import { RESTORE_POINT, type RestorePointState } from '../model/restore-point-state.ts'
import { stateAfter } from '../model/state-machine.ts'
import type { CatalogDb } from './catalog-schema.ts'
import { branchesInUse } from './rehearsals.ts'
import { IS_POSITION } from './restore-point-expiry.ts'
import type { TemplateRow } from './templates.ts'

// What a sweep asks: whose a name on a server is, and which records name a database. Always of a page, never of the fleet.

/** A name on a server, and what its mark says that it is. */
export interface NameOnServer {
  readonly server: string
  readonly name: string
  readonly mark: Pick<Mark, 'kind' | 'key'>
  readonly databaseId?: string | null
  /** There are several of this name: the tenant's record says which it is. */
  readonly isSpare?: boolean
}

/**
 * Returns those that some record owns: a tenant, a template, a restore point that is not given up or a branch of a rehearsal
 * that is under way, of that kind, key and server; or any tenant that lives in, or logs in by, that name. A spare one is owned
 * unless its tenant is recorded to live in another one.
 */
export async function findOwned<T extends NameOnServer>(db: CatalogDb, names: readonly T[]): Promise<ReadonlySet<T>> {
  const only = names.filter((it) => !it.isSpare)
  const byRecord = await Promise.all([
    ownedSpares(
      db,
      names.filter((it) => it.isSpare),
    ),
    ownedTenants(db, only),
    ownedTemplates(db, only),
    ownedRestorePoints(db, only),
    ownedBranches(db, only),
  ])
  const owned = new Set(byRecord.flat())
  const others = only.filter((it) => !owned.has(it))
  // Few are left, as a rule none: this one has no index.
  for (const it of await placedTenants(db, others)) owned.add(it)
  return owned
}

/** Any of them may be that of a tenant without a record, or of one that is being made. */
async function ownedSpares<T extends NameOnServer>(db: CatalogDb, spares: readonly T[]): Promise<T[]> {
  if (spares.length === 0) return []
  const rows = await db
    .selectFrom('fleet.tenant')
    .select(['id', 'server', sql<string>`placement ->> 'databaseId'`.as('databaseId')])
    .where('state', '<>', 'deleted')
    .where(sql<SqlBool>`id = any(${spares.map(({ mark }) => mark.key)})`)
    .where(sql<SqlBool>`placement ->> 'databaseId' is not null`)
    .execute()
  const recorded = new Map(rows.map(({ id, server, databaseId }) => [pair(server, id), databaseId]))
  return spares.filter((it) => (recorded.get(pair(it.server, it.mark.key)) ?? it.databaseId) === it.databaseId)
}

async function ownedTenants<T extends NameOnServer>(db: CatalogDb, names: readonly T[]): Promise<T[]> {
  const asked = names.filter(({ mark }) => mark.kind === 'tenant')
  if (asked.length === 0) return []
  const rows = await db
    .selectFrom('fleet.tenant')
    .select(['id', 'server'])
    .where('state', '<>', 'deleted')
    .where(sql<SqlBool>`id = any(${asked.map(({ mark }) => mark.key)})`)
    .execute()
  const found = new Set(rows.map(({ id, server }) => pair(server, id)))
  return asked.filter(({ server, mark }) => found.has(pair(server, mark.key)))
}

async function ownedTemplates<T extends NameOnServer>(db: CatalogDb, names: readonly T[]): Promise<T[]> {
  const asked = names.filter(({ mark }) => mark.kind === 'template')
  if (asked.length === 0) return []
  const rows = await db
    .selectFrom('fleet.template')
    .select(['key', 'server'])
    .where(sql<SqlBool>`key = any(${asked.map(({ mark }) => mark.key)})`)
    .execute()
  const found = new Set(rows.map(({ key, server }) => pair(server, key)))
  return asked.filter(({ server, mark }) => found.has(pair(server, mark.key)))
}

const GIVEN_UP: readonly RestorePointState[] = ['released']

async function ownedRestorePoints<T extends NameOnServer>(db: CatalogDb, names: readonly T[]): Promise<T[]> {
  const asked = names.filter(
    ({ mark }) => (mark.kind === 'restore-point' || mark.kind === 'kept-state') && /^p\d{1,9}$/.test(mark.key),
  )
  if (asked.length === 0) return []
  const rows = await db
    .selectFrom('fleet.restore_point')
    .select([sql<string>`'p' || id`.as('key'), 'server'])
    .where('state', 'not in', GIVEN_UP)
    .where(sql<SqlBool>`id = any(${asked.map(({ mark }) => Number(mark.key.slice(1)))})`)
    .execute()
  const found = new Set(rows.map(({ key, server }) => pair(server, key)))
  return asked.filter(({ server, mark }) => found.has(pair(server, mark.key)))
}

async function ownedBranches<T extends NameOnServer>(db: CatalogDb, names: readonly T[]): Promise<T[]> {
  const asked = names.filter(({ mark }) => mark.kind === 'rehearsal')
  if (asked.length === 0) return []
  const inUse = await branchesInUse(db)
  return asked.filter(({ server, mark }) => inUse.some((it) => it.server === server && it.key === mark.key))
}

async function placedTenants<T extends NameOnServer>(db: CatalogDb, names: readonly T[]): Promise<T[]> {
  if (names.length === 0) return []
  const wanted = names.map(({ name }) => name)
  const rows = await db
    .selectFrom('fleet.tenant')
    .select([
      'server',
      sql<string | null>`placement ->> 'database'`.as('database'),
      sql<string | null>`placement ->> 'loginRole'`.as('role'),
    ])
    .where('state', '<>', 'deleted')
    .where(sql<SqlBool>`(placement ->> 'database' = any(${wanted}) or placement ->> 'loginRole' = any(${wanted}))`)
    .execute()
  const found = new Set(rows.flatMap(({ server, database, role }) => [pair(server, database), pair(server, role)]))
  return names.filter(({ server, name }) => found.has(pair(server, name)))
}

/** Neither server names nor keys hold a line end. */
function pair(server: string, key: string | null): string {
  return `${server}\n${key ?? ''}`
}

/** A restore point that ought to be on a server. */
export interface PlacedRestorePoint {
  /** As printed: `p7`. */
  readonly id: string
  readonly tenantId: string
  readonly server: string
  readonly database: string
  readonly databaseId: string | null
}

const PAGE = 1_000

/** Streams restore points that are ready by id, in pages, but for those that a restore which is not over leads to. */
export async function* listPlacedRestorePoints(db: CatalogDb): AsyncGenerator<PlacedRestorePoint> {
  let after = 0
  for (;;) {
    const rows = await db
      .selectFrom('fleet.restore_point as p')
      .select(['p.id', 'p.tenant_id', 'p.server', 'p.database', 'p.database_id'])
      .where('p.id', '>', after)
      .where('p.state', '=', 'ready')
      // There is nothing to be on a server.
      .where(sql<SqlBool>`not ${IS_POSITION}`)
      .where(NOT_BEING_RESTORED)
      .orderBy('p.id')
      .limit(PAGE)
      .execute()
    for (const { id, tenant_id: tenantId, server, database, database_id: databaseId } of rows)
      yield { id: `p${id}`, tenantId, server, database, databaseId }
    if (rows.length < PAGE) return
    after = rows.at(-1)?.id ?? 0
  }
}

/** Its database may be the tenant by now, whatever its own record says. */
const NOT_BEING_RESTORED = sql<SqlBool>`not exists (
  select from fleet.restore_point kept where kept.replaced_by = p.id and kept.state = 'creating')`

/** Says whether a restore point is still recorded as ready, with nobody returning to it. */
export async function isPlaced(db: CatalogDb, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('fleet.restore_point as p')
    .select('p.id')
    .where('p.id', '=', Number(id.slice(1)))
    .where('p.state', '=', 'ready')
    .where(NOT_BEING_RESTORED)
    .executeTakeFirst()
  return row !== undefined
}

/** Gives up a restore point whose database is gone; false when it is not ready any more, or somebody returns to it. */
export async function giveUpRestorePoint(db: CatalogDb, id: string): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`
    update fleet.restore_point p set state = ${stateAfter(RESTORE_POINT, 'release')}, error = 'Its database was gone.'
    where p.id = ${Number(id.slice(1))} and p.state = 'ready' and ${NOT_BEING_RESTORED}`.execute(db)
  return numAffectedRows > 0n
}

/** Lists templates that must be there by now: one that was recorded a moment ago is being made. */
export function listPlacedTemplates(db: CatalogDb): Promise<readonly TemplateRow[]> {
  return db
    .selectFrom('fleet.template')
    .selectAll()
    .where(sql<SqlBool>`created_at < now() - interval '1 minute'`)
    .orderBy('created_at')
    .execute()
}
