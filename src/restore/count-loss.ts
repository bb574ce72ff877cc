import type { Loss, TableLoss, WriteCounters } from '../model/restore-point.ts'

/**
 * Says what was written between two looks at a tenant's statistics, at most: what was rolled back counts, too. Unknown
 * wherever the figures could be too small; never silently none.
 * @param before what they said when the restore point was made; null: they could not be read
 */
export function countLoss(before: WriteCounters | null, now: WriteCounters | null): Loss {
  if (before === null || now === null) return unknown('the statistics of that moment were not kept')
  if (before.serverStart !== now.serverStart) return unknown('the server was started again since')
  if (before.statsBegan !== now.statsBegan) return unknown('the server lost its statistics since, as in a crash')
  if (before.statsReset !== now.statsReset) return unknown('the statistics were reset since')
  const present = new Map(now.tables.map((it) => [it.oid, it]))
  const gone = before.tables.find(({ oid }) => !present.has(oid))
  if (gone !== undefined) return unknown(`the table ${gone.table} is gone, and what was written to it since`)
  const seen = new Map(before.tables.map((it) => [it.oid, it]))
  const tables: TableLoss[] = []
  for (const { table, oid, writes, file } of now.tables) {
    const old = seen.get(oid)
    if (old !== undefined && old.file !== file) return unknown(`the table ${table} was emptied or rewritten since`)
    const rows = writes - (old?.writes ?? 0)
    if (rows < 0) return unknown(`the statistics of ${table} were lost since`)
    if (rows > 0) tables.push({ table, rows })
  }
  if (tables.length === 0) return { kind: 'none' }
  tables.sort((a, b) => b.rows - a.rows)
  return { kind: 'at-most', rows: tables.reduce((sum, { rows }) => sum + rows, 0), tables }
}

function unknown(why: string): Loss {
  return { kind: 'unknown', why }
}
