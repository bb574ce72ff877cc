import { FleetError } from '../model/errors.ts'
import type { Client } from '../postgres/connect.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'
import type { HistoryTables } from './migration.ts'

/**
 * Reads the names in a tenant's history, in the order in which Kysely's Migrator sees them. A missing table is an empty history.
 * @throws FleetError HISTORY_INVALID for a timestamp that Kysely could not read either, and for a table off the search_path
 */
export async function readHistory(client: Client, tables: HistoryTables): Promise<readonly string[]> {
  const { there, elsewhere } = await findHistory(client, tables)
  if (elsewhere !== null) throw offSearchPath(tables.table, elsewhere)
  if (!there) return []
  const { rows } = await client.query<HistoryRow>(selectHistory(tables))
  return inOrderOfExecution(rows)
}

/** Returns the name of the history table, quoted, and qualified where its schema is set. */
export function tableName({ schema, table }: HistoryTables): string {
  return quoteIdentifier(...(schema === undefined ? [] : [schema]), table)
}

/** Returns the statement that reads the rows of a history, in no order. */
export function selectHistory(tables: HistoryTables): string {
  return `select name, "timestamp" from ${tableName(tables)}`
}

export interface HistoryRow {
  readonly name: string
  readonly timestamp: string
}

/**
 * Sorts the rows of a history as Kysely does: by time, at the same millisecond by name in the order of `localeCompare`.
 * @throws FleetError HISTORY_INVALID for a timestamp that is none
 */
export function inOrderOfExecution(rows: readonly HistoryRow[]): readonly string[] {
  const stamped = rows.map(({ name, timestamp }) => ({ name, executedAt: new Date(timestamp).getTime() }))
  const invalid = stamped.findIndex(({ executedAt }) => Number.isNaN(executedAt))
  if (invalid >= 0) {
    const { name, timestamp } = rows[invalid] ?? { name: '', timestamp: '' }
    throw new FleetError(
      'HISTORY_INVALID',
      `The history has migration "${name}" with an invalid timestamp "${timestamp}".`,
    )
  }
  stamped.sort((a, b) => a.executedAt - b.executedAt || a.name.localeCompare(b.name))
  return stamped.map(({ name }) => name)
}

/** `partly`: the first so many of the pending migrations are there besides what was expected. */
export type HistoryComparison = 'as-expected' | 'already-there' | { readonly partly: number } | 'moved'

/** Says how a history that was read relates to the expected one. What is applied is a set; its order does not matter here. */
export function compareHistory(
  expected: readonly string[],
  pending: readonly string[],
  actual: readonly string[],
): HistoryComparison {
  const found = new Set(actual)
  if (found.size < expected.length || expected.some((name) => !found.has(name))) return 'moved'
  const ahead = found.size - expected.length
  if (ahead === 0) return 'as-expected'
  if (ahead > pending.length || pending.slice(0, ahead).some((name) => !found.has(name))) return 'moved'
  return ahead === pending.length ? 'already-there' : { partly: ahead }
}

/**
 * Looks for the history table. `elsewhere`: the schema of one that the search_path does not reach; taking that for an
 * empty history would apply everything a second time.
 */
export async function findHistory(
  client: Client,
  tables: HistoryTables,
): Promise<{ readonly there: boolean; readonly elsewhere: string | null }> {
  const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [
    tableName(tables),
  ])
  const there = rows[0]?.there === true
  return { there, elsewhere: there || tables.schema !== undefined ? null : await findElsewhere(client, tables.table) }
}

async function findElsewhere(client: Client, table: string): Promise<string | null> {
  const { rows } = await client.query<{ schema: string }>(
    `select nspname as schema from pg_class join pg_namespace on pg_namespace.oid = relnamespace
     where relname = $1 and relkind in ('r', 'p') and nspname <> 'information_schema' and left(nspname, 3) <> 'pg_' order by 1`,
    [table],
  )
  return rows[0]?.schema ?? null
}

function offSearchPath(table: string, schema: string): FleetError {
  return new FleetError(
    'HISTORY_INVALID',
    `The history table "${table}" is in schema "${schema}", off the search_path.`,
    {
      remedy: `Set \`migrations.schema: '${schema}'\`, or the search_path of the role.`,
    },
  )
}

/** Beside the history while a migration outside a transaction is under way: which of its steps are done. */
export const STEP_TABLE = 'fleet_step'

/** Returns, as SQL, the names of the tables in a tenant that are the migrator's and ours, not the application's. */
export function tablesOfOurs(tables: HistoryTables): readonly string[] {
  return [tables.table, tables.lockTable, STEP_TABLE].map((table) => tableName({ ...tables, table }))
}
