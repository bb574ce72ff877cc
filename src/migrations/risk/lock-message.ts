import type { LockMode } from '../../model/finding.ts'
import type { TableRef } from './rule.ts'
import { nameOf } from './syntax/tables.ts'

/** Returns `ACCESS EXCLUSIVE on \`orders\` blocks reads and writes while …`: the lock, the table, whom it blocks and why. */
export function lockMessage(lock: LockMode, table: TableRef, work: string): string {
  return `${lock} on \`${nameOf(table)}\` blocks ${blockedBy(lock)} ${work}.`
}

/** Returns what cannot be done on a table that is held in this mode. */
export function blockedBy(lock: LockMode): string {
  switch (lock) {
    case 'ACCESS EXCLUSIVE':
      return 'reads and writes'
    case 'SHARE':
    case 'SHARE ROW EXCLUSIVE':
    case 'EXCLUSIVE':
      return 'writes'
    case 'ROW EXCLUSIVE':
    case 'SHARE UPDATE EXCLUSIVE':
      return 'schema changes'
    case 'ACCESS SHARE':
    case 'ROW SHARE':
      return 'DROP and most of ALTER TABLE'
  }
}
