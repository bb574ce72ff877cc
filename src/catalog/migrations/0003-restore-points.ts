import { type Kysely, sql } from 'kysely'

/** What tenants can return to; recorded before it is made, so that a crash leaks nothing. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table fleet.restore_point (
      id int generated always as identity primary key,
      tenant_id text collate "C" not null references fleet.tenant (id),
      state text not null,
      -- The rollout that took it.
      rollout_id int references fleet.rollout (id),
      -- Of a state that a restore has kept: the restore point that took its place.
      replaced_by int references fleet.restore_point (id),
      server text not null,
      database text not null,
      oid bigint,
      history_id text not null references fleet.history (id),
      -- What the server's statistics said at that moment; null: unknown.
      counters jsonb,
      bytes bigint,
      -- How it was copied, what that took of the disk and of time; null: it was the tenant's database, or is older.
      copying jsonb,
      created_at timestamptz not null default now(),
      ready_at timestamptz,
      -- From when it is ready; one that a rollout took, from the end of the rollout.
      keep interval not null,
      error text
    )`.execute(db)
  // Files with rows of a tenant, which nobody but a person can remove.
  await sql`
    create table fleet.salvage (
      tenant_id text collate "C" not null references fleet.tenant (id),
      restore_point_id int not null references fleet.restore_point (id),
      host text not null,
      directory text not null,
      at timestamptz not null default now(),
      primary key (restore_point_id, host, directory)
    )`.execute(db)
  await sql`create index salvage_tenant on fleet.salvage (tenant_id)`.execute(db)
  await sql`create index restore_point_tenant on fleet.restore_point (tenant_id, id)`.execute(db)
  await sql`create index restore_point_rollout on fleet.restore_point (rollout_id, tenant_id)`.execute(db)

  await sql`
    create table fleet.rehearsal (
      id int generated always as identity primary key,
      state text not null,
      -- Of the plan that is rehearsed.
      digest text not null,
      -- Who does it; when it is dead, its branches are left-overs.
      driver jsonb not null,
      heartbeat_at timestamptz not null default now(),
      started_at timestamptz not null default now(),
      finished_at timestamptz,
      report jsonb
    )`.execute(db)
  await sql`create index rehearsal_digest on fleet.rehearsal (digest, id)`.execute(db)

  // Copies that are there, or may be: recorded before they are made, and gone from here once they are dropped.
  await sql`
    create table fleet.rehearsal_branch (
      id int generated always as identity primary key,
      rehearsal_id int not null references fleet.rehearsal (id),
      tenant_id text collate "C" not null references fleet.tenant (id),
      server text not null,
      database text not null,
      created_at timestamptz not null default now()
    )`.execute(db)

  // What a pooler's clients are kept out of, recorded before they are, and gone from here once they go on.
  await sql`
    create table fleet.closure (
      pooler text collate "C" not null,
      -- What the pooler's clients call the database.
      entry text collate "C" not null,
      server text not null,
      database text not null,
      token uuid not null,
      -- Who did it; when it is dead, whoever finds this lets the clients go on.
      driver jsonb not null,
      closed_at timestamptz not null default now(),
      heartbeat_at timestamptz not null default now(),
      primary key (pooler, entry)
    )`.execute(db)
}
