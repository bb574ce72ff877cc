import { type Kysely, sql } from 'kysely'

/** Restore points of which nothing was made, positions in a history that the provider keeps anyway; and such as go with their tenant. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table fleet.restore_point
      -- In the provider's own words; null: a copy was made. With a database_id, one was made of it later.
      add column position text,
      -- For how long that can be returned to.
      add column reach interval,
      -- Whether anything was made, or begun to be made, that has to be removed.
      add column has_copy boolean not null default true,
      -- The tenant was made from it: it cannot be removed before.
      add column goes_with_tenant boolean not null default false`.execute(db)
}
