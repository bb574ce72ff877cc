import type { Clock } from '../lib/clock.ts'
import type { HistoryTables } from '../migrations/migration.ts'
import type { Loss, TableDifference } from '../model/restore-point.ts'
import type { Client } from '../postgres/connect.ts'
import { compareRows } from './compare-rows.ts'
import type { ReadAhead, TableReadAhead } from './read-ahead.ts'
import { rowHashes } from './row-hashes.ts'
import { type StoredData, withReading } from './with-reading.ts'

export interface ExactLossOptions {
  /** What the restore point has. */
  readonly ahead: ReadAhead
  /** OIDs of the tables that may have been written to. */
  readonly doubtful: readonly number[] | 'all'
  readonly role: string | null
  readonly history: HistoryTables
  readonly clock: Clock
}

/** Clients wait meanwhile, and the server itself waits for us 5 s at most. */
export const COMPARING_MS = 1_000

/**
 * Compares the rows of a tenant that nobody else is in with those of the restore point, and says what exactly would be
 * lost. Undefined where that cannot be known in time, or not of all that may have been written to.
 */
export async function exactLoss(
  tenant: Client,
  { ahead, doubtful, role, history, clock }: ExactLossOptions,
): Promise<Loss | undefined> {
  const deadline = clock.now().getTime() + COMPARING_MS
  const differences: TableDifference[] = []
  const isWhole = await withReading(tenant, { role, history, statementTimeout: COMPARING_MS }, async (stored) => {
    const tables = tablesToCompare(stored, ahead, doubtful)
    if (tables === undefined) return false
    for (const { pair, rows } of tables) {
      const left = Math.floor(deadline - clock.now().getTime())
      if (left <= 0) return false
      await tenant.query(`set local statement_timeout = ${left}`)
      const { newer, columns, added } = pair
      const hashes = rowHashes(tenant, { ...newer, columns: columns.map((it) => it.newer), added })
      const found = await compareRows(until(deadline, hashes, clock), rows)
      if (found.newer + found.older > 0) differences.push({ table: nameOf(pair), ...found })
    }
    return true
    // A table that cannot be read, or not in time, leaves the answer to the statistics.
  }).catch(() => false)
  if (!isWhole) return undefined
  return lossOf(differences)
}

async function* until<T>(deadline: number, rows: AsyncIterable<T>, clock: Clock): AsyncGenerator<T> {
  for await (const row of rows) {
    if (clock.now().getTime() > deadline) throw new Error('Comparing takes too long.')
    yield row
  }
}

/** Undefined where not all that may have been written to was read, as it is now. */
function tablesToCompare(
  { tables, largeObjects }: StoredData,
  ahead: ReadAhead,
  doubtful: readonly number[] | 'all',
): readonly TableReadAhead[] | undefined {
  const present = new Map(tables.map((it) => [it.oid, it]))
  const oids = doubtful === 'all' ? [...present.keys()] : doubtful.filter((oid) => oid !== LARGE_OBJECTS)
  const touchesLargeObjects = doubtful === 'all' || doubtful.includes(LARGE_OBJECTS)
  if (touchesLargeObjects && largeObjects + ahead.largeObjects > 0) return undefined
  const found = oids.map((oid) => ahead.tables.get(oid))
  const isAsRead = (it: TableReadAhead) =>
    JSON.stringify(it.pair.newer.columns) === JSON.stringify(present.get(it.pair.newer.oid)?.columns)
  return found.every((it) => it !== undefined && isAsRead(it)) ? found.filter((it) => it !== undefined) : undefined
}

/** OID of pg_largeobject, on every server. */
const LARGE_OBJECTS = 2613

function nameOf({ newer: { schema, name } }: TableReadAhead['pair']): string {
  return `${schema}.${name}`
}

function lossOf(differences: readonly TableDifference[]): Loss {
  if (differences.length === 0) return { kind: 'none' }
  const sum = (of: (it: TableDifference) => number) => differences.reduce((total, it) => total + of(it), 0)
  const tables = differences.toSorted((a, b) => b.newer + b.older - a.newer - a.older)
  return { kind: 'exact', newer: sum((it) => it.newer), older: sum((it) => it.older), tables }
}
