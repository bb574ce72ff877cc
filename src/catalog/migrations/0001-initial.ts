import { type Kysely, sql } from 'kysely'

/** The first schema of the catalog. States are checked by the tables in `model/`, through the queries. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table fleet.meta (
      singleton boolean primary key default true check (singleton),
      catalog_id uuid not null default gen_random_uuid(),
      fleet text not null,
      -- The oldest version of the program that may use this catalog.
      least_program text not null,
      -- What new tenants get; null until a rollout over the whole fleet has completed.
      released_version text,
      -- Raised when tags or pins change: a plan made before does not hold any more.
      tags_generation int not null default 0,
      created_at timestamptz not null default now()
    )`.execute(db)

  // Few distinct histories stand for many tenants: counting by version, and asking who has a migration, is cheap.
  await sql`
    create table fleet.history (
      id text collate "C" primary key,
      names text[] not null,
      version text generated always as (names[cardinality(names)]) stored
    )`.execute(db)

  await sql`
    create table fleet.tenant (
      id text collate "C" primary key,
      state text not null,
      origin text not null,
      tags jsonb not null default '{}',
      server text not null,
      placement jsonb,
      history_id text collate "C" not null references fleet.history (id),
      -- Password of the login role, or of an adopted tenant's own URL; encrypted.
      secret text,
      -- System identifier and OID of an adopted database: it may be reached by many names.
      identity text unique,
      pinned text,
      error text,
      created_at timestamptz not null default now(),
      ready_at timestamptz,
      checked_at timestamptz
    )`.execute(db)
  await sql`create index tenant_by_history on fleet.tenant (history_id, state)`.execute(db)

  await sql`
    create table fleet.template (
      server text not null,
      key text not null,
      database text not null,
      version text,
      created_at timestamptz not null default now(),
      primary key (server, key)
    )`.execute(db)

  await sql`
    create table fleet.migration (
      name text collate "C" primary key,
      checksum text not null,
      seen_at timestamptz not null default now()
    )`.execute(db)

  await sql`
    create table fleet.rollout (
      id int generated always as identity primary key,
      state text not null,
      pause_reason text,
      pause_note text,
      outcome text,
      direction text not null default 'forward',
      digest text not null,
      intent text not null,
      target text,
      plan jsonb not null,
      -- How tenants are assigned to waves at the start, as they were when the plan was made.
      assignment jsonb not null default '{}',
      planned_at timestamptz not null default now(),
      started_at timestamptz,
      finished_at timestamptz,
      -- The driver's lease. A takeover raises the epoch, and whatever carries an old one matches no row.
      epoch int not null default 0,
      driver jsonb,
      heartbeat_at timestamptz,
      constraint a_pause_has_a_reason check ((state = 'paused') = (pause_reason is not null))
    )`.execute(db)
  await sql`
    create unique index one_active_rollout on fleet.rollout ((true))
    where state in ('running', 'paused', 'aborting')`.execute(db)
  await sql`create unique index one_plan_per_digest on fleet.rollout (digest) where state = 'planned'`.execute(db)

  await sql`
    create table fleet.wave (
      rollout_id int not null references fleet.rollout (id) on delete cascade,
      position int not null,
      name text not null,
      concurrency int not null,
      max_failures int not null,
      started_at timestamptz,
      finished_at timestamptz,
      primary key (rollout_id, position)
    )`.execute(db)

  // A server whose disk is full or that is read-only: its tenants wait, the others go on.
  await sql`
    create table fleet.rollout_server (
      rollout_id int not null references fleet.rollout (id) on delete cascade,
      server text not null,
      state text not null default 'open',
      sqlstate text,
      message text,
      primary key (rollout_id, server)
    )`.execute(db)

  await sql`
    create table fleet.tenant_run (
      rollout_id int not null references fleet.rollout (id) on delete cascade,
      tenant_id text collate "C" not null,
      wave int not null,
      -- Order within the rollout: by wave, then by a hash of the id.
      position int not null,
      server text not null,
      state text not null,
      skip_reason text,
      -- Raised by each claim; a result is taken only from the attempt that owns the run.
      attempt int not null default 0,
      -- Errors so far; busy and interrupted attempts do not count.
      tries int not null default 0,
      epoch int not null default 0,
      not_before timestamptz not null default '-infinity',
      migration text,
      sqlstate text,
      message text,
      started_at timestamptz,
      finished_at timestamptz,
      primary key (rollout_id, tenant_id)
    )`.execute(db)
  // The driver asks these every turn; their cost follows what is in flight or failed, not the size of the fleet.
  await sql`create index tenant_run_pending on fleet.tenant_run (rollout_id, wave, server, position) where state = 'pending'`.execute(
    db,
  )
  await sql`create index tenant_run_running on fleet.tenant_run (rollout_id, wave) where state = 'running'`.execute(db)
  await sql`create index tenant_run_failed on fleet.tenant_run (rollout_id, wave) where state = 'failed'`.execute(db)
  await sql`create index tenant_run_by_tenant on fleet.tenant_run (tenant_id)`.execute(db)

  await sql`
    create table fleet.event (
      id bigint generated always as identity primary key,
      at timestamptz not null,
      rollout_id int references fleet.rollout (id) on delete cascade,
      tenant_id text,
      type text not null,
      data jsonb not null
    )`.execute(db)
  await sql`create index event_by_rollout on fleet.event (rollout_id, id)`.execute(db)
}
