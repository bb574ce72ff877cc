import { failpoint } from '../lib/failpoint.ts'
import type { HistoryTables } from '../migrations/migration.ts'
import type { NotCompared, SalvagedTable } from '../model/restore-point.ts'
import type { Client } from '../postgres/connect.ts'
import { classifySqlstate, sqlstateOf } from '../postgres/sqlstate.ts'
import { compareRows } from './compare-rows.ts'
import { matchTables, type TablePair } from './match-tables.ts'
import { rowHashes } from './row-hashes.ts'
import { salvageFileName } from './salvage-file-name.ts'
import { openSalvageFile } from './salvage-folder.ts'
import { type StoredData, withReading } from './with-reading.ts'
import { writeRows } from './write-rows.ts'

export interface WriteSalvageOptions {
  /** Whose rows are written where `tenant` lacks them. */
  readonly point: Client
  readonly tenant: Client
  readonly directory: string
  readonly role: string | null
  readonly history: HistoryTables
}

export interface WrittenSalvage {
  readonly tables: readonly SalvagedTable[]
  readonly notCompared: readonly NotCompared[]
}

/**
 * Writes the rows that only the restore point has to one file per table. Neither is held whole: rows are compared by their
 * hashes, as the server sorts them, and only those that differ are read.
 */
export async function writeSalvage(options: WriteSalvageOptions): Promise<WrittenSalvage> {
  const { point, tenant, role, history } = options
  // Sorting takes what it takes.
  const reading = { role, history, statementTimeout: 0 }
  return withReading(point, reading, (inPoint) =>
    withReading(tenant, reading, (inTenant) => writeTables(inPoint, inTenant, options)),
  )
}

async function writeTables(
  inPoint: StoredData,
  inTenant: StoredData,
  { point, tenant, directory }: WriteSalvageOptions,
): Promise<WrittenSalvage> {
  const tables: SalvagedTable[] = []
  const notCompared: NotCompared[] = []
  const taken = new Set<string>()
  if (inPoint.largeObjects > 0)
    notCompared.push({ what: 'large objects', why: `there are ${inPoint.largeObjects}, which no table holds` })
  if (inPoint.encoding === 'SQL_ASCII') {
    notCompared.push({ what: 'tables', why: 'the database has no encoding, so its text cannot be written as UTF-8' })
    return { tables, notCompared }
  }
  for (const pair of matchTables(inPoint.tables, inTenant.tables)) {
    const { schema, name } = pair.newer
    const file = salvageFileName(pair.newer, taken)
    try {
      const rows = await releasing([point, tenant], () => writeTable(pair, { point, tenant, directory, file }))
      if (rows > 0) tables.push({ schema, table: name, file, rows })
      failpoint('salvage.table-written')
    } catch (error) {
      const sqlstate = sqlstateOf(error)
      // Only what this table is to blame for: without the server or the disk, there is no next one.
      if (sqlstate === undefined || !['failure', 'rights'].includes(classifySqlstate(sqlstate))) throw error
      // Not the server's message, which may hold a value.
      notCompared.push({ what: `${schema}.${name}`, why: `PostgreSQL refuses to read it (${sqlstate})` })
    }
  }
  return { tables, notCompared }
}

async function writeTable(
  pair: TablePair,
  { point, tenant, directory, file }: { point: Client; tenant: Client; directory: string; file: string },
): Promise<number> {
  const { newer, older, columns, added } = pair
  const inPoint = rowHashes(point, { ...newer, columns: columns.map((it) => it.newer), added })
  const inTenant = older === null ? [] : rowHashes(tenant, { ...older, columns: columns.map((it) => it.older) })
  return writeRows(point, {
    table: newer,
    open: () => openSalvageFile(directory, file),
    each: async (write) => (await compareRows(inPoint, inTenant, write)).newer,
  })
}

/** Gives the locks on a table back when it is done, and whatever failed: migrations would wait for them. */
async function releasing<T>(clients: readonly Client[], use: () => Promise<T>): Promise<T> {
  for (const client of clients) await client.query('savepoint one_table')
  try {
    return await use()
  } finally {
    for (const client of clients) await client.query('rollback to savepoint one_table').catch(() => {})
  }
}
