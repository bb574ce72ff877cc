import { quoteIdentifier, quoteLiteral, quoteTextArray } from '../postgres/identifiers.ts'
import { SQLSTATE } from '../postgres/sqlstate.ts'
import type { HistoryTables, MigrationTimeouts } from './migration.ts'
import { MIGRATION_LOCK } from './migration-lock.ts'

/** What surrounds one migration: the transaction that takes the lock, checks the history and records the migration in it. */
export interface Frame {
  readonly migration: string
  /** The history that must stand before it; the order does not matter. */
  readonly expected: readonly string[]
  readonly tables: HistoryTables
  readonly ownerRole: string | null
  readonly timeouts: Pick<MigrationTimeouts, 'lock' | 'statement'>
  /** Whether more frames follow: the COMMIT of the last one also makes those before it durable. */
  readonly last: boolean
}

/**
 * Returns the text that opens a frame, one message. It raises KF002 when another process holds the lock, KF003 when
 * the migration is in the history already, KF001 when the history is another, KF005 when its table is off the search_path.
 */
export function openFrame(frame: Frame): string {
  const { timeouts } = frame
  return script([
    ...cleanSession(frame.ownerRole),
    // A snapshot of `repeatable read` would be older than the lock; `read only` may be the default of database or role.
    'begin isolation level read committed, read write',
    `set local lock_timeout = ${timeouts.lock}`,
    `set local statement_timeout = ${timeouts.statement}`,
    // Without it, a message goes on to its COMMIT long after its client died.
    `set local client_connection_check_interval = '2s'`,
    'set local idle_in_transaction_session_timeout = 0',
    // 17 and newer; it would end the connection, whatever our own limits say.
    `select set_config('transaction_timeout', '0', true) where current_setting('transaction_timeout', true) is not null`,
    ...(frame.last ? [] : ['set local synchronous_commit = off']),
    TRY_LOCK,
    checkHistory(frame),
  ])
}

/**
 * Returns the text that writes the history row and commits, one message. It raises KF004 when the transaction is not
 * the one that `openFrame` began. The row goes where the table was found, whatever the migration did to search_path.
 */
export function closeFrame({ migration, ownerRole }: Pick<Frame, 'migration' | 'ownerRole'>): string {
  return script([
    ...ownRole(ownerRole),
    doBlock(`
declare
  history text := nullif(current_setting('fleet.history', true), '');
begin
  if history is null then
    ${raise(SQLSTATE.transactionEnded, TRANSACTION_ENDED)}
  end if;
  -- By the tenant's clock, and never at or before the last one: Kysely orders by it and refuses ties that sort otherwise.
  execute format(
    'insert into %1$s (name, "timestamp") select %2$L, to_char(
       greatest(clock_timestamp(), max("timestamp"::timestamptz) + interval ''1 ms'') at time zone ''UTC'',
       ''YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'') from %1$s', history, ${quoteLiteral(migration)});
end`),
    'commit',
  ])
}

export const TRANSACTION_ENDED =
  'The migration ended the transaction that it runs in (commit, rollback) or ran RESET ALL; what it committed stays.'

/** Returns statements that undo what an earlier migration left in the session. */
export function cleanSession(ownerRole: string | null): string[] {
  return [...ownRole(ownerRole), 'reset all']
}

/** Joins statements into one message. */
export function script(statements: readonly string[]): string {
  return `${statements.join(';\n')};`
}

/** It never waits: a waiter holds a snapshot, and deadlocks with an index build that waits for that. */
const TRY_LOCK = doBlock(`
begin
  if not pg_try_advisory_xact_lock(${MIGRATION_LOCK}) then
    ${raise(SQLSTATE.busy, 'Another process is migrating this database.')}
  end if;
end`)

function ownRole(ownerRole: string | null): string[] {
  const stay = ['reset session authorization', 'reset role']
  return ownerRole === null ? stay : [...stay, `set role ${quoteIdentifier(ownerRole)}`]
}

/** Makes what is missing of Kysely's tables exactly as Kysely would, and compares the whole history as a set. */
function checkHistory({ migration, expected, tables }: Frame): string {
  const { schema, table, lockTable } = tables
  const inSchema = (name: string) => quoteIdentifier(...(schema === undefined ? [] : [schema]), name)
  const history = inSchema(table)
  const lock = inSchema(lockTable)
  return doBlock(`
declare
  expected text[] := (select coalesce(array_agg(name order by name collate "C"), '{}') from unnest(${quoteTextArray(expected)}) name);
  actual text[];
  latest timestamptz;
  elsewhere text;
  writer name;
begin
  ${schema === undefined ? refuseElsewhere(table, history) : createSchema(schema)}
  if to_regclass(${quoteLiteral(history)}) is null then
    create table ${history} ("name" varchar(255) not null primary key, "timestamp" varchar(255) not null);
    ${keepToOwner(history)}
  end if;
  if to_regclass(${quoteLiteral(lock)}) is null then
    create table ${lock} ("id" varchar(255) not null primary key, "is_locked" integer default 0 not null);
  end if;
  insert into ${lock} ("id", "is_locked") values ('migration_lock', 0) on conflict do nothing;
  -- Local to the transaction: gone when the migration ends it.
  perform set_config('fleet.history', format('%I.%I', nspname, relname), true)
  from pg_class join pg_namespace on pg_namespace.oid = relnamespace where pg_class.oid = ${quoteLiteral(history)}::regclass;
  select coalesce(array_agg(it.name::text order by it.name::text collate "C"), '{}'), max(it."timestamp"::timestamptz)
  into actual, latest from ${history} it;
  if ${quoteLiteral(migration)} = any (actual) then
    ${raise(SQLSTATE.alreadyThere, 'The migration is in the history already.')}
  elsif actual <> expected then
    ${raise(SQLSTATE.historyMoved, 'The history is not the expected one.')}
  end if;
end`)
}

/** Default privileges may have given the application the right to write it: what was applied is not its to change. */
function keepToOwner(history: string): string {
  return `for writer in
      select distinct role.rolname from pg_class it cross join aclexplode(it.relacl) acl join pg_roles role on role.oid = acl.grantee
      where it.oid = ${quoteLiteral(history)}::regclass and acl.grantee <> it.relowner
    loop
      execute format('revoke insert, update, delete, truncate on %s from %I', ${quoteLiteral(history)}, writer);
    end loop;`
}

/** A table that the search_path does not reach is no empty history: Kysely would not make a second one either. */
function refuseElsewhere(table: string, history: string): string {
  return `if to_regclass(${quoteLiteral(history)}) is null then
    select schemaname into elsewhere from pg_tables where tablename = ${quoteLiteral(table)}
      and schemaname <> 'information_schema' and left(schemaname, 3) <> 'pg_' limit 1;
    if elsewhere is not null then
      raise exception using errcode = ${quoteLiteral(SQLSTATE.historyElsewhere)},
        message = format('The history table is in schema %I, off the search_path: set migrations.schema.', elsewhere);
    end if;
  end if;`
}

/** Asked first: CREATE SCHEMA IF NOT EXISTS needs the right to create one even where it is there. */
function createSchema(schema: string): string {
  return `if to_regnamespace(${quoteLiteral(quoteIdentifier(schema))}) is null then
    create schema ${quoteIdentifier(schema)};
  end if;`
}

function raise(sqlstate: string, message: string): string {
  return `raise exception using errcode = ${quoteLiteral(sqlstate)}, message = ${quoteLiteral(message)};`
}

/** The body is a literal: no dollar quote that a name could end. */
function doBlock(body: string): string {
  return `do ${quoteLiteral(body)}`
}
