import { sql } from 'kysely'
import type { CatalogDb } from './catalog-schema.ts'

/** How many tenants are named. */
const EXAMPLES = 5

/** Tenants of a provider that keeps histories. */
export interface WithoutReach {
  readonly why: 'ended' | 'unknown'
  readonly tenants: number
  readonly examples: readonly string[]
}

/** Counts those whose history a restore has ended, and those of which the provider never said how far it reaches. */
export async function countWithoutReach(db: CatalogDb): Promise<readonly WithoutReach[]> {
  const { rows } = await sql<WithoutReach>`
    select case when placement -> 'own' ? 'reach' then 'ended' else 'unknown' end as why, count(*)::int as tenants,
      (array_agg(id order by id))[1:${sql.lit(EXAMPLES)}] as examples
    from fleet.tenant where state = 'ready' and placement ? 'own' and coalesce(placement -> 'own' ->> 'reach', '0') = '0'
    group by 1 order by 1`.execute(db)
  return rows
}
