import type { Client } from '../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../postgres/identifiers.ts'
import type { TableColumn } from './match-tables.ts'

/** One row, by the hash of its values. */
export interface RowHash {
  readonly hash: Buffer
  /** Where the row lies: good to find it again in the same snapshot. */
  readonly ctid: string
  /** How long its values are as text. */
  readonly bytes: number
}

export interface HashedTable {
  readonly schema: string
  readonly name: string
  /** Names of the columns that the hash is of, in order. */
  readonly columns: readonly string[]
  /** A value in one of these makes a row another one, unless it is what the column was added with. */
  readonly added?: readonly TableColumn[]
}

/**
 * Reads the rows of a table as hashes, in their order, a few at a time: the server sorts, nobody holds all of them.
 * Values become text by the output functions of their types alone: a cast could be one that the tenant has defined.
 * Needs the transaction of `withReading`.
 */
export async function* rowHashes(client: Client, table: HashedTable): AsyncGenerator<RowHash> {
  await client.query(`declare ${CURSOR} no scroll cursor for ${selectHashes(table)}`)
  for (;;) {
    const { rows } = await client.query<RowHash>(`fetch ${AT_ONCE} from ${CURSOR}`)
    yield* rows
    if (rows.length < AT_ONCE) break
  }
  await client.query(`close ${CURSOR}`)
}

const CURSOR = quoteIdentifier('fleet rows')
const AT_ONCE = 2_000

function selectHashes({ schema, name, columns, added = [] }: HashedTable): string {
  const of = (column: string) => `r.${quoteIdentifier(column)}`
  // The text of a row ends with a parenthesis: nothing that goes on after it is the text of another one.
  const mark = added.length === 0 ? '' : ` || case when ${added.map(isWritten).join(' or ')} then '+' else '' end`
  const more = added.length === 0 ? '0' : `octet_length(row(${added.map(({ name: it }) => of(it)).join(', ')})::text)`
  return `select sha256(convert_to(t.text, getdatabaseencoding())) as hash, t.ctid::text as ctid,
      octet_length(t.text) + t.more as bytes
    from (select r.ctid, row(${columns.map(of).join(', ')})::text${mark} as text, ${more} as more
      from only ${quoteIdentifier(schema, name)} r offset 0) t
    order by 1`

  function isWritten({ name: column, missing }: TableColumn): string {
    const value = of(column)
    // Not IS NOT NULL, which looks into composite values.
    const there = `num_nonnulls(${value}) = 1`
    return missing === null ? there : `(${there} and format('%s', ${value}) <> ${quoteLiteral(missing)})`
  }
}
