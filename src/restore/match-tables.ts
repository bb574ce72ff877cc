/** A column whose values are stored for themselves: no generated one, whose value follows from others. */
export interface TableColumn {
  readonly name: string
  readonly number: number
  /** The value that rows have which were there before the column, as text; null: none, or null. */
  readonly missing: string | null
}

/** An ordinary table, or a leaf of a partitioned one. */
export interface StoredTable {
  readonly schema: string
  readonly name: string
  readonly oid: number
  readonly bytes: number
  readonly columns: readonly TableColumn[]
}

/** A table of the newer state with what of the older one it is compared to. */
export interface TablePair {
  readonly newer: StoredTable
  /** Null: the older state has no such table; all rows are only in the newer one. */
  readonly older: StoredTable | null
  /** Names of the columns that both have. */
  readonly columns: readonly { readonly newer: string; readonly older: string }[]
  /** Columns that only the newer one has. */
  readonly added: readonly TableColumn[]
}

/**
 * Finds for each table of the newer state what it was in the older one: what has the same name; else what was renamed, as a
 * copy of a database keeps OIDs and column numbers. Tables that only the older state has are in no pair.
 */
export function matchTables(newer: readonly StoredTable[], older: readonly StoredTable[]): readonly TablePair[] {
  const key = ({ schema, name }: StoredTable) => JSON.stringify([schema, name])
  return matchUp(newer, older, [key, (it) => String(it.oid)]).map(([present, former]) => {
    const pair = former === null ? null : matchColumns(present, former)
    // Without a column in common, rows could only be counted: that would take others for the same.
    return pair === null || (pair.columns.length === 0 && present.columns.length > 0)
      ? { newer: present, older: null, columns: [], added: present.columns }
      : pair
  })
}

function matchColumns(newer: StoredTable, older: StoredTable): TablePair {
  const keys: ((it: TableColumn) => string)[] = [(it) => it.name]
  if (newer.oid === older.oid) keys.push((it) => String(it.number))
  const matched = matchUp(newer.columns, older.columns, keys)
  return {
    newer,
    older,
    columns: matched.flatMap(([present, former]) =>
      former === null ? [] : [{ newer: present.name, older: former.name }],
    ),
    added: matched.filter(([, former]) => former === null).map(([present]) => present),
  }
}

/** Gives each of the newer things one of the older, by the first key, the rest by the next; none is given twice. */
function matchUp<T>(newer: readonly T[], older: readonly T[], keys: readonly ((it: T) => string)[]): [T, T | null][] {
  const found = new Map<T, T>()
  const free = new Set(older)
  for (const key of keys) {
    const byKey = new Map([...free].map((it) => [key(it), it]))
    for (const it of newer) {
      const match = found.has(it) ? undefined : byKey.get(key(it))
      if (match === undefined || !free.delete(match)) continue
      found.set(it, match)
    }
  }
  return newer.map((it) => [it, found.get(it) ?? null])
}
