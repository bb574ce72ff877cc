import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { joinRollout } from '../catalog/joiners.ts'
import { holdRollouts } from '../catalog/meta.ts'
import { findOwned } from '../catalog/owners.ts'
import { finishTenant, recordTenant } from '../catalog/tenant-creation.ts'
import { findTenant, findTenantAt } from '../catalog/tenants.ts'
import { inPages } from '../lib/in-pages.ts'
import { mapConcurrently } from '../lib/map-concurrently.ts'
import { readHistory } from '../migrations/history.ts'
import type { HistoryTables } from '../migrations/migration.ts'
import { pendingMigrations } from '../migrations/pending-migrations.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { FleetError } from '../model/errors.ts'
import type { AdoptionCandidate, AdoptionResult } from '../model/fleet-status.ts'
import { type Mark, parseMark } from '../model/mark.ts'
import { type Placement, versionOf } from '../model/tenant.ts'
import { type Client, withClient } from '../postgres/connect.ts'
import { addressOf, parseConnectionString } from '../postgres/connection-string.ts'
import type { Provider } from '../providers/provider.ts'
import { isAdoptableId } from './tenant-id.ts'

const AT_ONCE = 8

interface CandidateContext extends Pick<Mark, 'fleet' | 'catalogId'> {
  readonly db: CatalogDb
  readonly provider: Provider
}

export interface AdoptContext extends CandidateContext {
  readonly tables: HistoryTables
  /** Names of the migration files, in order. */
  readonly available: readonly string[]
  readonly allowUnordered: boolean
  readonly seal: (clear: string) => string
  readonly dryRun: boolean
}

/** Brings databases that are there already under the care of the fleet, or says why not; yields as they are looked at. */
export function adoptTenants(
  candidates: AsyncIterable<AdoptionCandidate> | Iterable<AdoptionCandidate>,
  context: AdoptContext,
): AsyncGenerator<AdoptionResult> {
  return mapConcurrently(candidates, AT_ONCE, async (candidate) => {
    const { id } = candidate
    try {
      const version = await adopt(candidate, context)
      return { id, verdict: context.dryRun ? 'would-adopt' : 'adopted', version, reason: null }
    } catch (error) {
      // One bad database must not keep the others out.
      return { id, verdict: 'refused', version: null, reason: error instanceof Error ? error.message : String(error) }
    }
  })
}

/** Databases whose owners are looked up together. */
const PAGE = 1_000

/**
 * Databases of the provider's servers whose name is LIKE the pattern, with the name as id. Those with a mark are left out,
 * but for former tenants of this fleet that no record owns any more, which come under the id that they had.
 */
export async function* findCandidates(pattern: string, context: CandidateContext): AsyncGenerator<AdoptionCandidate> {
  for await (const page of inPages(context.provider.findDatabases(pattern), PAGE)) {
    const former = page.flatMap(({ server, database, mark }) =>
      mark !== undefined && isFormerTenant(mark, context) ? [{ server, name: database, mark }] : [],
    )
    const owned = new Set(Array.from(await findOwned(context.db, former), ({ mark }) => mark))
    for (const { database, server, databaseId, mark } of page) {
      if (mark === undefined) yield { id: database, server, database, databaseId }
      else if (isFormerTenant(mark, context) && !owned.has(mark))
        yield { id: mark.kind === 'tenant' ? mark.key : database, server, database, databaseId }
    }
  }
}

/** Says whether a mark is that of a database in which a tenant of this fleet lives, or lived. */
function isFormerTenant(mark: Mark, { fleet, catalogId }: CandidateContext): boolean {
  return mark.fleet === fleet && mark.catalogId === catalogId && (mark.kind === 'tenant' || mark.kind === 'kept-state')
}

async function adopt(candidate: AdoptionCandidate, context: AdoptContext): Promise<string | null> {
  const { id, tags = {} } = candidate
  const { db, seal } = context
  if (!isAdoptableId(id))
    throw new FleetError('TENANT_ID_INVALID', 'the id may have A-Z, a-z, 0-9, ".", "_" and "-", 63 characters at most')
  const known = await findTenant(db, id)
  if (known && known.state !== 'deleted') throw new FleetError('TENANT_EXISTS', 'a tenant with this id exists already')

  const connection =
    'url' in candidate ? parseConnectionString(candidate.url) : await context.provider.connect(placementOn(candidate))
  const { history, owner, mark, identity, guarded } = await withClient(
    connection,
    { applicationName: `fleet/adopt/${id}` },
    (client) => inspect(client, context.tables),
  )
  const placement: Placement =
    'url' in candidate ? placementBy(connection) : { ...placementOn(candidate), ownerRole: owner }
  // By a URL it cannot be told whether a record owns what carries our mark.
  const mayBeTaken = mark === undefined || ('database' in candidate && (await isUnowned(candidate, mark, context)))
  const other = mayBeTaken ? await findTenantAt(db, { placement, identity }) : mark.key
  // Two tenants on one database would be migrated, and deleted, in each other's name.
  if (other !== undefined) throw new FleetError('ADOPTION_REFUSED', `it is the database of tenant "${other}" already`)
  if (guarded) {
    throw new FleetError(
      'ADOPTION_REFUSED',
      'its history table has triggers or rules, which would run with the rights of whoever migrates',
    )
  }
  checkHistory(history, context)
  if (context.dryRun) return versionOf(history)

  const secret = 'url' in candidate && connection.password ? seal(connection.password.reveal()) : null
  await db.transaction().execute(async (tx) => {
    await holdRollouts(tx)
    const row = { id, origin: 'adopted', tags, server: placement.server, placement, secret, identity } as const
    await finishTenant(tx, { id, placement, history, secret: (await recordTenant(tx, row)).secret })
    await joinRollout(tx, { id, tags, server: placement.server, history })
  })
  return versionOf(history)
}

async function isUnowned(
  { server, database }: { readonly server: string; readonly database: string },
  mark: Mark,
  context: AdoptContext,
): Promise<boolean> {
  if (!isFormerTenant(mark, context)) return false
  return (await findOwned(context.db, [{ server, name: database, mark }])).size === 0
}

async function inspect(client: Client, tables: HistoryTables): Promise<Inspection> {
  const history = await readHistory(client, tables)
  const { rows: found } = await client.query<{ owner: string; guarded: boolean }>(
    `select pg_get_userbyid(relowner) as owner, relhastriggers or relhasrules as guarded from pg_class
     where oid = to_regclass(case when $2::text is null then quote_ident($1) else quote_ident($2) || '.' || quote_ident($1) end)`,
    [tables.table, tables.schema ?? null],
  )
  const { rows: database } = await client.query<{ comment: string | null; identity: string | null }>(
    `select shobj_description(oid, 'pg_database') as comment,
       case when has_function_privilege('pg_control_system()', 'execute')
         then (select system_identifier from pg_control_system()) || '/' || oid end as identity
     from pg_database where datname = current_database()`,
  )
  return {
    history,
    owner: found[0]?.owner ?? null,
    guarded: found[0]?.guarded ?? false,
    mark: parseMark(database[0]?.comment ?? null),
    identity: database[0]?.identity ?? null,
  }
}

interface Inspection {
  readonly history: readonly string[]
  /** Of the history table: that role goes on to own what migrations make. */
  readonly owner: string | null
  /** Code of the database would run whenever its history is written. */
  readonly guarded: boolean
  readonly mark: Mark | undefined
  /** The same by whatever name the database is reached. */
  readonly identity: string | null
}

function checkHistory(history: readonly string[], { available, allowUnordered }: AdoptContext): void {
  if (history.length === 0) throw new FleetError('ADOPTION_REFUSED', 'no history of Kysely migrations in it')
  const pending = pendingMigrations({ available, history, allowUnordered })
  if (pending.kind === 'missing') {
    throw new FleetError(
      'ADOPTION_REFUSED',
      `its history has migrations that there is no file for: ${pending.migrations.join(', ')}`,
    )
  }
  if (pending.kind === 'out-of-order') {
    throw new FleetError(
      'ADOPTION_REFUSED',
      `its history has ${pending.expected} where the files have ${pending.found}`,
    )
  }
}

function placementOn({
  server,
  database,
  databaseId = null,
}: {
  server: string
  database: string
  databaseId?: string | null
}): Placement {
  return { server, database, databaseId, ownerRole: null, loginRole: null }
}

function placementBy(connection: ConnectionDescriptor): Placement {
  const { host, port, database, user } = connection
  return {
    server: `${host}:${port}`,
    database,
    databaseId: null,
    ownerRole: null,
    loginRole: user,
    address: addressOf(connection),
  }
}
