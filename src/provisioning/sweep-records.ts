import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { giveUpRestorePoint, isPlaced, listPlacedRestorePoints, listPlacedTemplates } from '../catalog/owners.ts'
import { listRestorePoints } from '../catalog/restore-points.ts'
import { findUnfinishedRestore } from '../catalog/restores.ts'
import { forgetTemplate } from '../catalog/templates.ts'
import { findTenant, listTenants } from '../catalog/tenants.ts'
import { inPages } from '../lib/in-pages.ts'
import type { SweepFinding } from '../model/sweep.ts'
import type { Placement, Tenant } from '../model/tenant.ts'
import type { Provider } from '../providers/provider.ts'

interface RecordContext {
  readonly db: CatalogDb
  readonly provider: Provider
  /** Give up records whose database is gone; never those of tenants. */
  readonly remove: boolean
}

/** For each page a provider may have to list all that there is (300,000 projects are 750 calls); a record takes some 200 bytes. */
const PAGE = 50_000

/**
 * Yields records that name a database which is not there. A page of records is read before the databases; each that seems
 * to have none is then looked at once more, because it may have been removed, or exchanged, between the two.
 */
export async function* sweepRecords(context: RecordContext): AsyncGenerator<SweepFinding> {
  yield* tenantsWithout(context)
  yield* restorePointsWithout(context)
  yield* templatesWithout(context)
}

/** A record's place: what the catalog says. */
interface Placed {
  readonly server: string
  readonly database: string
  readonly databaseId: string | null
}

/** Yields those whose database is not there, with the id of the one that has its name instead; null: none. */
async function* without<T extends Placed>(
  records: AsyncIterable<T>,
  { provider }: RecordContext,
): AsyncGenerator<{ readonly record: T; readonly instead: string | null }> {
  for await (const page of inPages(records, PAGE)) {
    // What is on a server that is not in the configuration any more cannot be looked at.
    for (const server of provider.servers) {
      const here = page.filter((it) => it.server === server)
      if (here.length === 0) continue
      const names = here.map(({ database }) => database)
      const recorded = new Set(here.flatMap(({ databaseId }) => databaseId ?? []))
      const there = await provider.lookUpDatabases(server, names, recorded)
      for (const record of here) {
        const found = there.get(record.database)
        if (found === undefined || (record.databaseId !== null && found !== record.databaseId))
          yield { record, instead: found ?? null }
      }
    }
  }
}

async function* tenantsWithout(context: RecordContext): AsyncGenerator<SweepFinding> {
  const { db, provider } = context
  for await (const { record, instead } of without(placedTenants(db), context)) {
    const { id, database, databaseId } = record
    // A restore that is not written down yet goes on by itself. Asked before the tenant is read: one that comes to its end
    // between the two is seen in the tenant.
    if (instead !== null && (await findUnfinishedRestore(db, id)) !== undefined) continue
    const now = await findTenant(db, id)
    // Exchanged, deleted or pointed elsewhere meanwhile.
    if (now?.state !== 'ready' || now.placement?.databaseId !== databaseId || now.placement.database !== database)
      continue
    provider.requireKind?.(now.placement)
    yield {
      ...ofRecord(record),
      kind: 'tenant',
      key: id,
      verdict: 'left',
      why:
        instead === null
          ? `Tenant "${id}" is ready, and its database is gone.`
          : `Tenant "${id}" is ready, and another database has the name of its own (${instead}, not ${databaseId}).`,
      remedy: `${bringBack(record, provider)}, then \`fleet tenant refresh ${id}\`; or give it up with \`fleet tenant delete ${id}\`${await lostWith(id, db)}.`,
    }
  }
}

function bringBack({ server }: Placed, { keepsDeletedFor }: Provider): string {
  if (keepsDeletedFor === 0) return `Restore it on server "${server}" under that name from a backup`
  return `Recover it with the service that had it, which can do so for ${keepsDeletedFor / 86_400_000} days after it was deleted (in its console, or by its API)`
}

/** What else a deletion takes, which may be the last that there is of the tenant. */
async function lostWith(tenantId: string, db: CatalogDb): Promise<string> {
  const points = await listRestorePoints(db, { tenantId, states: ['ready'] })
  return points.length === 0 ? '' : `, and with it ${points.map(({ id }) => id).join(', ')}, what it could return to`
}

async function* placedTenants(db: CatalogDb): AsyncGenerator<Placed & { readonly id: string }> {
  for await (const { id, placement } of listTenants(db, { states: ['ready'] })) {
    if (isOnServer(placement))
      yield { id, server: placement.server, database: placement.database, databaseId: placement.databaseId }
  }
}

/** One that was adopted by a URL of its own is on no server of the configuration. */
function isOnServer(placement: Tenant['placement']): placement is Placement {
  return placement !== null && placement.address === undefined
}

async function* restorePointsWithout(context: RecordContext): AsyncGenerator<SweepFinding> {
  const { db, remove } = context
  for await (const { record } of without(listPlacedRestorePoints(db), context)) {
    if (remove ? !(await giveUpRestorePoint(db, record.id)) : !(await isPlaced(db, record.id))) continue
    yield {
      ...ofRecord(record),
      kind: 'restore-point',
      key: record.id,
      verdict: remove ? 'removed' : 'would-remove',
      why: `Tenant "${record.tenantId}" could return to it, and its database is gone.`,
      remedy: null,
    }
  }
}

async function* templatesWithout(context: RecordContext): AsyncGenerator<SweepFinding> {
  const { db, provider, remove } = context
  // Such as were made when the configuration said otherwise: where they are is not looked at.
  if (!provider.hasTemplates) return
  for await (const { record } of without(placedTemplates(db), context)) {
    // Whoever makes it at this moment records it again when it has the lock to do so.
    if (remove) await forgetTemplate(db, record)
    yield {
      ...ofRecord(record),
      kind: 'template',
      key: record.key,
      verdict: remove ? 'removed' : 'would-remove',
      why: 'The template is recorded, and its database is gone.',
      remedy: null,
    }
  }
}

async function* placedTemplates(db: CatalogDb): AsyncGenerator<Placed & { readonly key: string }> {
  for (const { server, key, database } of await listPlacedTemplates(db))
    yield { server, key, database, databaseId: null }
}

function ofRecord({ server, database }: Placed): Pick<SweepFinding, 'subject' | 'server' | 'database' | 'bytes'> {
  return { subject: 'record', server, database, bytes: null }
}
