import { sql } from 'kysely'
import type { CatalogDb } from './catalog-schema.ts'

/** A migration as tenants have it. */
export interface KnownMigration {
  readonly name: string
  /** Null when a tenant brought it along and no file was seen for it. */
  readonly checksum: string | null
  /** Tenants, ready ones, whose history has it. */
  readonly tenants: number
}

/** Lists what is known of migrations: recorded checksums, and who has them, from the histories in use. */
export async function listKnownMigrations(db: CatalogDb): Promise<KnownMigration[]> {
  const { rows } = await sql<{ name: string; checksum: string | null; tenants: string }>`
    with used as (
      select history_id, count(*) as tenants from fleet.tenant where state = 'ready' group by history_id
    ), applied as (
      select n.name, sum(used.tenants) as tenants
      from used join fleet.history h on h.id = used.history_id cross join lateral unnest(h.names) n(name)
      group by n.name
    )
    select coalesce(m.name, a.name) as name, m.checksum, coalesce(a.tenants, 0) as tenants
    from fleet.migration m full join applied a on a.name = m.name
    order by 1`.execute(db)
  return rows.map((row) => ({ ...row, tenants: Number(row.tenants) }))
}

/** Records the content of migrations; one that is recorded already keeps its checksum unless `replace` is set. */
export async function recordMigrations(
  db: CatalogDb,
  migrations: readonly { readonly name: string; readonly checksum: string }[],
  { replace }: { replace: boolean },
): Promise<void> {
  if (migrations.length === 0) return
  await db
    .insertInto('fleet.migration')
    .values(migrations.map(({ name, checksum }) => ({ name, checksum })))
    .onConflict((it) =>
      replace ? it.column('name').doUpdateSet((eb) => ({ checksum: eb.ref('excluded.checksum') })) : it.doNothing(),
    )
    .execute()
}
