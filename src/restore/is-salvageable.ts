import type { Loss } from '../model/restore-point.ts'

/**
 * Says whether all that a restore would lose is rows that a salvage writes to files: then asking for it is consent enough.
 * Not so where nobody can tell, where large objects were written, and where rows may have been deleted, which would
 * come back.
 * @param loss what is shown
 * @param counted what the statistics say, which tell deletions from updates
 */
export function isSalvageable(loss: Loss, counted: Loss): boolean {
  if (loss.kind === 'none') return true
  if (loss.kind === 'unknown') return false
  if (loss.kind === 'exact' && loss.older === 0) return true
  return counted.kind === 'at-most' && counted.tables.every((it) => it.deletes === 0 && it.table !== LARGE_OBJECTS)
}

const LARGE_OBJECTS = 'pg_catalog.pg_largeobject'
