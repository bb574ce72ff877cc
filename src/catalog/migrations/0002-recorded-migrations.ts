import { type Kysely, sql } from 'kysely'

/** What migrations send is recorded once: its checksum, whether a rollout has proven it, and how it was judged. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table fleet.migration add column sql_checksum text`.execute(db)

  await sql`
    create table fleet.rollout_migration (
      rollout_id int not null references fleet.rollout (id) on delete cascade,
      name text collate "C" not null,
      state text not null,
      -- Tenants that ran it live and were sent exactly what is recorded.
      proven_by text[] not null default '{}',
      -- The first difference, where one was sent something else.
      deviation text,
      primary key (rollout_id, name)
    )`.execute(db)

  // Answers that only depend on what their key names: made again whenever one is missing.
  await sql`
    create table fleet.assessment (
      key text primary key,
      result jsonb not null,
      used_at timestamptz not null default now()
    )`.execute(db)
}
