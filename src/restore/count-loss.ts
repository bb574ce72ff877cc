import type { Loss, TableLoss, WriteCounters } from '../model/restore-point.ts'

/**
 * Says what was written between two looks at a tenant's statistics, at most: what was rolled back counts, too. Unknown
 * wherever the figures could be too small; never silently none.
 * @param before what they said when the restore point was made; null: they could not be read
 */
export function countLoss(before: WriteCounters | null, now: WriteCounters | null): Loss {
  const { doubts, tables } = compareCounters(before, now)
  const [why] = doubts
  if (why !== undefined) return { kind: 'unknown', why }
  if (tables.length === 0) return { kind: 'none' }
  const written = tables.map(({ oid: _, ...table }) => table).sort((a, b) => b.rows - a.rows)
  return { kind: 'at-most', rows: written.reduce((sum, { rows }) => sum + rows, 0), tables: written }
}

/**
 * Returns the OIDs of the present tables that may have been written to: only of these the rows have to be compared to know
 * what was. `all`: the statistics tell nothing. A table that is gone is not among them: a restore takes nothing from it.
 */
export function doubtfulTables(before: WriteCounters | null, now: WriteCounters | null): readonly number[] | 'all' {
  const { isUseless, tables, uncounted } = compareCounters(before, now)
  return isUseless ? 'all' : [...tables.map(({ oid }) => oid), ...uncounted]
}

interface Comparison {
  /** Why the figures could be too small; empty: they are not. */
  readonly doubts: readonly string[]
  /** The doubt is about all tables. */
  readonly isUseless: boolean
  readonly tables: readonly (TableLoss & { readonly oid: number })[]
  /** OIDs of tables whose figures tell nothing. */
  readonly uncounted: readonly number[]
}

function compareCounters(before: WriteCounters | null, now: WriteCounters | null): Comparison {
  if (before === null || now === null) return useless('the statistics of that moment were not kept')
  if (before.serverStart !== now.serverStart) return useless('the server was started again since')
  if (before.statsBegan !== now.statsBegan) return useless('the server lost its statistics since, as in a crash')
  if (before.statsReset !== now.statsReset) return useless('the statistics were reset since')
  const present = new Set(now.tables.map(({ oid }) => oid))
  const seen = new Map(before.tables.map((it) => [it.oid, it]))
  const doubts = before.tables
    .filter(({ oid }) => !present.has(oid))
    .map(({ table }) => `the table ${table} is gone, and what was written to it since`)
  const tables: (TableLoss & { oid: number })[] = []
  const uncounted: number[] = []
  for (const { table, oid, writes, deletes, file } of now.tables) {
    const old = seen.get(oid)
    const rows = writes - (old?.writes ?? 0)
    if (old !== undefined && old.file !== file) {
      doubts.push(`the table ${table} was emptied or rewritten since`)
      uncounted.push(oid)
    } else if (rows < 0) {
      doubts.push(`the statistics of ${table} were lost since`)
      uncounted.push(oid)
    } else if (rows > 0) tables.push({ table, oid, rows, deletes: deletes - (old?.deletes ?? 0) })
  }
  return { doubts, isUseless: false, tables, uncounted }
}

function useless(why: string): Comparison {
  return { doubts: [why], isUseless: true, tables: [], uncounted: [] }
}
