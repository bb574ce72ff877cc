import { sql } from 'kysely'
import type { CatalogDb } from './catalog-schema.ts'

/** How many tenants are named. */
const EXAMPLES = 5

/**
 * Counts the tenants of a provider that keeps histories of which nobody knows how far theirs reaches: a restore has ended it, or the
 * provider never said.
 */
export async function countWithoutReach(
  db: CatalogDb,
): Promise<{ readonly tenants: number; readonly examples: readonly string[] }> {
  const { rows } = await sql<{ tenants: number; examples: string[] | null }>`
    select count(*)::int as tenants, (array_agg(id order by id))[1:${sql.lit(EXAMPLES)}] as examples
    from fleet.tenant where state = 'ready' and placement ? 'own' and not placement -> 'own' ? 'reach'`.execute(db)
  return { tenants: rows[0]?.tenants ?? 0, examples: rows[0]?.examples ?? [] }
}
