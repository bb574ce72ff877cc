import { createHash } from 'node:crypto'
import type { CatalogDb } from './catalog-schema.ts'

/** Returns the id under which the catalog keeps a history: a hash of its names in order. */
export function historyId(names: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 24)
}

/** Writes a history if it is not there, and returns its id. */
export async function saveHistory(db: CatalogDb, names: readonly string[]): Promise<string> {
  const id = historyId(names)
  await db
    .insertInto('fleet.history')
    .values({ id, names: [...names] })
    .onConflict((it) => it.doNothing())
    .execute()
  return id
}
