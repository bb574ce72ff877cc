import { quoteIdentifier, quoteLiteral } from '../postgres/identifiers.ts'
import { SQLSTATE } from '../postgres/sqlstate.ts'
import { tableName } from './history.ts'
import type { HistoryTables } from './migration.ts'

/**
 * Returns a statement that makes Kysely's two tables exactly as Kysely would, if there is no history table. It
 * belongs in a transaction that holds the migration lock. It raises KF005 when the history table is in a schema that
 * the search_path does not reach: that is no empty history, and Kysely would not make a second one either.
 */
export function ensureHistoryTables(tables: HistoryTables): string {
  const [history, lock] = [tableName(tables), tableName({ ...tables, table: tables.lockTable })]
  const body = `
  declare
    elsewhere text;
    writer text;
  begin
    if to_regclass(${quoteLiteral(history)}) is null then${tables.schema === undefined ? refuseElsewhere(tables.table) : makeSchema(tables.schema)}
      create table ${history} ("name" varchar(255) not null primary key, "timestamp" varchar(255) not null);
      create table if not exists ${lock} ("id" varchar(255) not null primary key, "is_locked" integer default 0 not null);
      insert into ${lock} ("id", "is_locked") values ('migration_lock', 0) on conflict do nothing;
      -- Default privileges may have given the application the right to write it: what was applied is not its to change.
      for writer in
        select distinct pg_get_userbyid(acl.grantee) from pg_class it cross join aclexplode(it.relacl) acl
        where it.oid = ${quoteLiteral(history)}::regclass and acl.grantee not in (0, it.relowner)
      loop
        execute format('revoke insert, update, delete, truncate on %s from %I', ${quoteLiteral(history)}, writer);
      end loop;
    end if;
  end`
  return `do ${quoteLiteral(body)}`
}

function refuseElsewhere(table: string): string {
  return `
      select nspname into elsewhere from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where relname = ${quoteLiteral(table)} and relkind in ('r', 'p')
        and nspname <> 'information_schema' and left(nspname, 3) <> 'pg_' order by 1 limit 1;
      if elsewhere is not null then
        raise exception using errcode = '${SQLSTATE.historyElsewhere}',
          message = format('The history table is in schema %I, off the search_path: set migrations.schema.', elsewhere);
      end if;`
}

/** Asked first: CREATE SCHEMA IF NOT EXISTS needs the right to create one even where it is there. */
function makeSchema(schema: string): string {
  const name = quoteIdentifier(schema)
  return `
      if to_regnamespace(${quoteLiteral(name)}) is null then create schema ${name}; end if;`
}
