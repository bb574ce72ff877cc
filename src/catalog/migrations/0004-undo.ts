import { type Kysely, sql } from 'kysely'

/** What it takes to take a rollout back: what it has changed, and what that made of new tenants. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table fleet.tenant_run
      -- What the tenant had when it was claimed first, and what the last attempt has left.
      add column from_history_id text collate "C",
      add column to_history_id text collate "C"`.execute(db)
  await sql`
    alter table fleet.rollout
      -- Of direction back: the rollout that it takes back.
      add column undoes int references fleet.rollout (id),
      -- What new tenants got before its target; released_at null: it did not change that.
      add column released_from text,
      add column released_at timestamptz`.execute(db)
  await sql`create index rollout_by_undone on fleet.rollout (undoes) where undoes is not null`.execute(db)
  await sql`
    -- The undo that took it back: no plan takes it, unless its file is another one.
    alter table fleet.migration add column withdrawn_by int references fleet.rollout (id)`.execute(db)
}
