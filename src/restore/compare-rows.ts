/** Rows in the order of their hashes: from a cursor, or read before. */
export type SortedRows<T extends { readonly hash: Buffer }> = AsyncIterable<T> | Iterable<T>

/**
 * Compares the rows of two states of a table as multisets: both come in the order of their hashes, so that one pass with
 * one row of each in hand does it, without a primary key.
 * @param onlyNewer called with each row that the newer state has more often than the older one
 * @returns how many rows only the one and only the other has
 */
export async function compareRows<T extends { readonly hash: Buffer }>(
  newer: SortedRows<T>,
  older: SortedRows<{ readonly hash: Buffer }>,
  onlyNewer: (row: T) => Promise<void> | void = () => {},
): Promise<{ readonly newer: number; readonly older: number }> {
  const formers = iterate(older)
  let former = await formers.next()
  const count = { newer: 0, older: 0 }
  for await (const row of newer) {
    while (former.done !== true && Buffer.compare(former.value.hash, row.hash) < 0) {
      count.older += 1
      former = await formers.next()
    }
    if (former.done !== true && former.value.hash.equals(row.hash)) {
      former = await formers.next()
      continue
    }
    count.newer += 1
    await onlyNewer(row)
  }
  for (; former.done !== true; former = await formers.next()) count.older += 1
  return count
}

async function* iterate<T>(rows: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
  yield* rows
}
