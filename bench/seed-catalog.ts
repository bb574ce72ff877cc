import { sql } from 'kysely'
import type { CatalogDb } from '../src/catalog/catalog-schema.ts'
import { saveHistory } from '../src/catalog/histories.ts'

export interface SeedOptions {
  readonly tenants: number
  /** The tenants are spread over these in turn. */
  readonly servers: readonly string[]
  /** Names of the migrations that tenants have; several: in turn. */
  readonly histories: readonly (readonly string[])[]
  readonly ownerRole: string | null
}

/**
 * Fills a catalog with ready tenants `bench-1`, `bench-2`, ... whose databases are `bench_1`, `bench_2`, ..., and
 * nothing else. One in a hundred is in ring `internal`, ten in a hundred are in ring `early`, the others in `general`.
 */
export async function seedCatalog(
  db: CatalogDb,
  { tenants, servers, histories, ownerRole }: SeedOptions,
): Promise<void> {
  await sql`truncate fleet.rollout, fleet.tenant, fleet.migration, fleet.history cascade`.execute(db)
  await sql`update fleet.meta set released_version = null`.execute(db)
  const ids = await Promise.all(histories.map((names) => saveHistory(db, names)))
  await sql`
    insert into fleet.tenant (id, state, origin, tags, server, placement, history_id, ready_at, checked_at)
    select 'bench-' || n, 'ready', 'adopted',
      jsonb_build_object('ring', case when n % 100 = 0 then 'internal' when n % 100 <= 10 then 'early' else 'general' end),
      server,
      jsonb_build_object('server', server, 'database', 'bench_' || n, 'oid', null, 'ownerRole', ${ownerRole}::text, 'loginRole', null),
      (${ids}::text[])[1 + n % ${sql.lit(ids.length)}], now(), now()
    from generate_series(1, ${tenants}::int) n,
      lateral (select (${[...servers]}::text[])[1 + n % ${sql.lit(servers.length)}] as server) placed`.execute(db)
  await sql`vacuum analyze fleet.tenant, fleet.tenant_run, fleet.history, fleet.rollout`.execute(db)
}
