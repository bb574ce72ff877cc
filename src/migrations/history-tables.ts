import type { Client } from '../postgres/connect.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'
import { SQLSTATE } from '../postgres/sqlstate.ts'
import { refusal } from './apply-error.ts'
import { findHistory, tableName } from './history.ts'
import type { HistoryTables } from './migration.ts'

/**
 * Makes Kysely's two tables exactly as Kysely would, if there is no history table. Call it in a transaction that holds
 * the migration lock.
 * @throws ApplyError KF005 when the history table is in a schema that the search_path does not reach: that is no empty
 *   history, and Kysely would not make a second one either
 */
export async function ensureHistoryTables(client: Client, tables: HistoryTables): Promise<void> {
  const { there, elsewhere } = await findHistory(client, tables)
  if (there) return
  if (elsewhere !== null) {
    const message = `The history table is in schema ${quoteIdentifier(elsewhere)}, off the search_path: set migrations.schema.`
    throw refusal('history', SQLSTATE.historyElsewhere, message)
  }
  if (tables.schema !== undefined) await ensureSchema(client, tables.schema)
  const [history, lock] = [tableName(tables), tableName({ ...tables, table: tables.lockTable })]
  await client.query(`
    create table ${history} ("name" varchar(255) not null primary key, "timestamp" varchar(255) not null);
    create table if not exists ${lock} ("id" varchar(255) not null primary key, "is_locked" integer default 0 not null);
    insert into ${lock} ("id", "is_locked") values ('migration_lock', 0) on conflict do nothing`)
  await keepToOwner(client, history)
}

/** Asked first: CREATE SCHEMA IF NOT EXISTS needs the right to create one even where it is there. */
async function ensureSchema(client: Client, schema: string): Promise<void> {
  const name = quoteIdentifier(schema)
  const { rows } = await client.query<{ there: boolean }>('select to_regnamespace($1) is not null as there', [name])
  if (rows[0]?.there !== true) await client.query(`create schema ${name}`)
}

/** Default privileges may have given the application the right to write it: what was applied is not its to change. */
async function keepToOwner(client: Client, history: string): Promise<void> {
  const { rows } = await client.query<{ writer: string }>(
    `select distinct pg_get_userbyid(acl.grantee) as writer from pg_class it cross join aclexplode(it.relacl) acl
     where it.oid = $1::regclass and acl.grantee not in (0, it.relowner)`,
    [history],
  )
  if (rows.length === 0) return
  const writers = rows.map(({ writer }) => quoteIdentifier(writer)).join(', ')
  await client.query(`revoke insert, update, delete, truncate on ${history} from ${writers}`)
}
