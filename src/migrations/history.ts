import { FleetError } from '../model/errors.ts'
import type { Client } from '../postgres/connect.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'
import type { HistoryTables } from './migration.ts'

/**
 * Reads the names in a tenant's history, in the order in which Kysely's Migrator sees them. A missing table is an empty history.
 * @throws FleetError HISTORY_INVALID for a timestamp that Kysely could not read either, and for a table off the search_path
 */
export async function readHistory(client: Client, tables: HistoryTables): Promise<readonly string[]> {
  const table = quoteIdentifier(...(tables.schema === undefined ? [] : [tables.schema]), tables.table)
  if (!(await exists(client, table))) {
    if (tables.schema === undefined) await refuseElsewhere(client, tables.table)
    return []
  }
  const { rows } = await client.query<HistoryRow>(`select name, "timestamp" from ${table}`)
  return inOrderOfExecution(rows)
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

async function exists(client: Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [table])
  return rows[0]?.there === true
}

/** Taking a table that the search_path does not reach for an empty history would apply everything a second time. */
async function refuseElsewhere(client: Client, table: string): Promise<void> {
  const { rows } = await client.query<{ schema: string }>(
    `select schemaname as schema from pg_tables
     where tablename = $1 and schemaname <> 'information_schema' and left(schemaname, 3) <> 'pg_' order by 1`,
    [table],
  )
  const schema = rows[0]?.schema
  if (schema === undefined) return
  throw new FleetError(
    'HISTORY_INVALID',
    `The history table "${table}" is in schema "${schema}", off the search_path.`,
    {
      remedy: `Set \`migrations.schema: '${schema}'\`, or the search_path of the role.`,
    },
  )
}
