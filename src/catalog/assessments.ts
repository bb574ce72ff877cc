import { sql } from 'kysely'
import type { CatalogDb } from './catalog-schema.ts'

/** Returns what was found out before under a key; it is kept for another month then. */
export async function findAssessment<T extends object>(db: CatalogDb, key: string): Promise<T | undefined> {
  const row = await db
    .updateTable('fleet.assessment')
    .set({ used_at: sql<Date>`now()` })
    .where('key', '=', key)
    .returning('result')
    .executeTakeFirst()
  return row?.result as T | undefined
}

/** Keeps what was found out, and drops what nobody has asked for in a month. */
export async function keepAssessment(db: CatalogDb, key: string, result: object): Promise<void> {
  await db
    .insertInto('fleet.assessment')
    .values({ key, result: JSON.stringify(result) })
    .onConflict((it) => it.column('key').doUpdateSet((eb) => ({ result: eb.ref('excluded.result') })))
    .execute()
  await sql`delete from fleet.assessment where used_at < now() - interval '30 days'`.execute(db)
}
