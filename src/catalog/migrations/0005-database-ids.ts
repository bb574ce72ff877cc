import { type Kysely, sql } from 'kysely'

/** What tells a database from another of the same name is text: an OID on one provider, an id of its API on another. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table fleet.restore_point rename column oid to database_id`.execute(db)
  await sql`alter table fleet.restore_point alter column database_id type text`.execute(db)
  await sql`
    update fleet.tenant
    set placement = placement - 'oid' || jsonb_build_object('databaseId', to_jsonb(placement ->> 'oid'))
    where placement is not null`.execute(db)
}
