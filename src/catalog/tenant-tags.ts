import { type SqlBool, sql } from 'kysely'
import type { CatalogDb, CatalogTransaction } from './catalog-schema.ts'
import { noteChangedTags } from './meta.ts'

/** Sets tags, and removes those whose value is null. */
export async function tagTenants(
  db: CatalogDb,
  ids: readonly string[],
  tags: Readonly<Record<string, string | null>>,
): Promise<void> {
  const set = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== null))
  const removed = Object.keys(tags).filter((key) => tags[key] === null)
  await db.transaction().execute(async (tx) => {
    await noteChangedTags(tx)
    await tx
      .updateTable('fleet.tenant')
      .set({ tags: sql`(tags || ${JSON.stringify(set)}::jsonb) - ${removed}::text[]` })
      .where(sql<SqlBool>`id = any(${[...ids]})`)
      .execute()
  })
}

/** Pins tenants with a reason: rollouts pass over them. */
export async function pinTenants(db: CatalogDb, ids: readonly string[], reason: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await noteChangedTags(tx)
    await tx
      .updateTable('fleet.tenant')
      .set({ pinned: reason })
      .where(sql<SqlBool>`id = any(${[...ids]})`)
      .execute()
  })
}

/** Lets rollouts take a tenant again. Call it after `holdRollouts`. */
export async function unpinTenant(tx: CatalogTransaction, id: string): Promise<void> {
  await noteChangedTags(tx)
  await tx.updateTable('fleet.tenant').set({ pinned: null }).where('id', '=', id).execute()
}
