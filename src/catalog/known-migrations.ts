import { type SqlBool, sql } from 'kysely'
import type { WithdrawnMigration } from '../model/withdrawn-migration.ts'
import type { CatalogDb } from './catalog-schema.ts'

/** A migration as tenants have it. */
export interface KnownMigration {
  readonly name: string
  /** Null when a tenant brought it along and no file was seen for it. */
  readonly checksum: string | null
  /** Of what it sends, as recorded; null: not recorded, or dynamic. */
  readonly sqlChecksum: string | null
  /** Tenants, ready ones, whose history has it. */
  readonly tenants: number
}

/** Lists what is known of migrations: recorded checksums, and who has them, from the histories in use. */
export async function listKnownMigrations(db: CatalogDb): Promise<KnownMigration[]> {
  const { rows } = await sql<Omit<KnownMigration, 'tenants'> & { readonly tenants: string }>`
    with used as (
      select history_id, count(*) as tenants from fleet.tenant where state = 'ready' group by history_id
    ), applied as (
      select n.name, sum(used.tenants) as tenants
      from used join fleet.history h on h.id = used.history_id cross join lateral unnest(h.names) n(name)
      group by n.name
    )
    select coalesce(m.name, a.name) as name, m.checksum, m.sql_checksum as "sqlChecksum", coalesce(a.tenants, 0) as tenants
    from fleet.migration m full join applied a on a.name = m.name
    order by 1`.execute(db)
  return rows.map((row) => ({ ...row, tenants: Number(row.tenants) }))
}

/** What a migration is, for as long as tenants have it. */
export interface MigrationContent {
  readonly name: string
  readonly checksum: string
  /** Undefined: not recorded now; what is known of the same file stays. */
  readonly sqlChecksum?: string | null
}

/**
 * Records the content of migrations; one that is recorded already keeps its checksum unless `replace` is set. With another
 * checksum it is another migration: what an undo took back is not that.
 */
export async function saveMigrations(
  db: CatalogDb,
  migrations: readonly MigrationContent[],
  { replace }: { replace: boolean },
): Promise<void> {
  if (migrations.length === 0) return
  await db
    .insertInto('fleet.migration')
    .values(migrations.map(({ name, checksum, sqlChecksum = null }) => ({ name, checksum, sql_checksum: sqlChecksum })))
    .onConflict((it) =>
      replace
        ? it.column('name').doUpdateSet((eb) => ({
            checksum: eb.ref('excluded.checksum'),
            sql_checksum: sql<string | null>`coalesce(excluded.sql_checksum,
              case when migration.checksum = excluded.checksum then migration.sql_checksum end)`,
            withdrawn_by: sql<
              number | null
            >`case when migration.checksum = excluded.checksum then migration.withdrawn_by end`,
          }))
        : it.doNothing(),
    )
    .execute()
}

/** Makes plans pass these migrations over, from now on: an undo has taken them back. */
export async function withdrawMigrations(db: CatalogDb, names: readonly string[], undo: number): Promise<void> {
  await db
    .updateTable('fleet.migration')
    .set({ withdrawn_by: undo })
    .where(sql<SqlBool>`name = any(${[...names]})`)
    .execute()
}

/** Lets plans take these migrations again. */
export async function readmitMigrations(db: CatalogDb, names: readonly string[]): Promise<void> {
  await db
    .updateTable('fleet.migration')
    .set({ withdrawn_by: null })
    .where(sql<SqlBool>`name = any(${[...names]})`)
    .where('withdrawn_by', 'is not', null)
    .execute()
}

/** Lists what undos have withdrawn. */
export async function listWithdrawn(db: CatalogDb): Promise<readonly WithdrawnMigration[]> {
  const { rows } = await sql<WithdrawnMigration>`
    select name, checksum, withdrawn_by as by from fleet.migration where withdrawn_by is not null order by name`.execute(
    db,
  )
  return rows
}
