import type { Client } from '../postgres/connect.ts'
import { quoteIdentifier } from '../postgres/identifiers.ts'
import { csvLine } from './csv-line.ts'
import type { StoredTable } from './match-tables.ts'
import type { RowHash } from './row-hashes.ts'
import type { SalvageFile } from './salvage-folder.ts'

export interface WriteRowsOptions {
  readonly table: Pick<StoredTable, 'schema' | 'name' | 'columns'>
  /** Called for the first row. */
  readonly open: () => Promise<SalvageFile>
  /** Calls `write` for each row, in no order; returns how many there were. */
  readonly each: (write: (row: RowHash) => Promise<void>) => Promise<number>
}

/** So much is in memory at once, or one row. */
const MOST_BYTES = 4 * 1024 * 1024
const MOST_ROWS = 1_000

/**
 * Writes chosen rows of a table as CSV, with the names of the columns as the first line; returns how many. No rows: no
 * file. Needs the transaction in which the rows were found.
 */
export async function writeRows(client: Client, { table, open, each }: WriteRowsOptions): Promise<number> {
  const names = table.columns.map(({ name }) => name)
  const select = `select ${names.map((name) => quoteIdentifier(name)).join(', ')}
    from only ${quoteIdentifier(table.schema, table.name)} where ctid = any($1::tid[])`
  let file: SalvageFile | undefined
  let batch: string[] = []
  let bytes = 0

  async function flush(): Promise<void> {
    if (batch.length === 0) return
    if (file === undefined) {
      file = await open()
      await file.write(csvLine(names))
    }
    const { rows } = await client.query<(string | null)[]>({
      text: select,
      values: [batch],
      rowMode: 'array',
      types: AS_TEXT,
    })
    // A row that was there a moment ago, in the same snapshot, and is not now would be one that is lost without a word.
    if (rows.length !== batch.length) throw new Error(`${batch.length - rows.length} rows of ${table.name} are gone.`)
    await file.write(rows.map(csvLine).join(''))
    batch = []
    bytes = 0
  }

  try {
    const count = await each(async (row) => {
      if (batch.length >= MOST_ROWS || bytes + row.bytes > MOST_BYTES) await flush()
      batch.push(row.ctid)
      bytes += row.bytes
    })
    await flush()
    await file?.finish()
    return count
  } catch (error) {
    await file?.discard().catch(() => {})
    throw error
  }
}

/** Values as the server writes them. */
const AS_TEXT = { getTypeParser: () => (value: string) => value }
