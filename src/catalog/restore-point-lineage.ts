import { sql } from 'kysely'
import type { CatalogDb } from './catalog-schema.ts'
import { parseId } from './restore-point-id.ts'

/**
 * Says whether a tenant's history still has the moment of a restore point: each restore of the tenant since has returned to a later
 * one. By the catalog alone; where that leaves a doubt, it has not.
 */
export async function isInHistory(db: CatalogDb, id: string): Promise<boolean> {
  const { rows } = await sql<{ is_in: boolean }>`
    select p.replaced_by is null and not exists (
      select from fleet.restore_point k join fleet.restore_point q on q.id = k.replaced_by
      where k.tenant_id = p.tenant_id and q.id <> p.id and coalesce(k.ready_at, 'infinity') >= p.created_at
        and not (q.replaced_by is null and q.created_at >= p.ready_at)) as is_in
    from fleet.restore_point p where p.id = ${parseId(id)} and p.ready_at is not null`.execute(db)
  return rows[0]?.is_in ?? false
}
