import type { Page } from '../face.ts'
import { type Column, table } from './table.ts'

/** Rows laid out together: what is held in memory of a list of any length. */
const PAGE = 500

/** Lays a list of any length out as a table, page by page; yields `empty` when there is nothing in it. */
export async function* tablePages<Row>(
  columns: readonly Column<Row>[],
  rows: AsyncIterable<Row>,
  { page, empty }: { page: Page; empty: string },
): AsyncIterable<string> {
  let waiting: Row[] = []
  let first = true
  const flush = () => {
    const titles = first ? columns : columns.map((column) => ({ ...column, title: '' }))
    first = false
    return table(titles, waiting, page)
  }
  for await (const row of rows) {
    waiting.push(row)
    if (waiting.length < PAGE) continue
    yield flush()
    waiting = []
  }
  if (waiting.length > 0) yield flush()
  else if (first) yield empty
}
