import { sql } from 'kysely'
import type { SalvageRecord } from '../model/restore-point.ts'
import type { CatalogDb } from './catalog-schema.ts'

/** Records where rows of a tenant are about to be written to files; again, it is the same record with a later time. */
export async function recordSalvage(db: CatalogDb, salvage: Omit<SalvageRecord, 'at'>): Promise<void> {
  await db
    .insertInto('fleet.salvage')
    .values({
      tenant_id: salvage.tenantId,
      restore_point_id: Number(salvage.pointId.slice(1)),
      host: salvage.host,
      directory: salvage.directory,
    })
    .onConflict((it) => it.columns(['restore_point_id', 'host', 'directory']).doUpdateSet({ at: sql<Date>`now()` }))
    .execute()
}

/** Lists where rows of a tenant were written, the newest first. Nobody tells when such files are removed. */
export async function listSalvages(db: CatalogDb, tenantId: string): Promise<readonly SalvageRecord[]> {
  const rows = await db
    .selectFrom('fleet.salvage')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .orderBy('at', 'desc')
    .execute()
  return rows.map(({ restore_point_id, host, directory, at }) => ({
    tenantId,
    pointId: `p${restore_point_id}`,
    host,
    directory,
    at,
  }))
}
