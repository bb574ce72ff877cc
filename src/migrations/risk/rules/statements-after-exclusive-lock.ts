import { heldLocks } from '../held-locks.ts'
import { blockedBy } from '../lock-message.ts'
import { tablesRead } from '../read-tables.ts'
import type { Match, Rule, RuleContext, TableRef } from '../rule.ts'
import type { Statement } from '../statement.ts'
import { isSameTable, nameOf } from '../syntax/tables.ts'
import { isAtLeast, type TableLock, takenLocks } from '../taken-locks.ts'
import { refOf, tracedFacts, worked } from '../traced-facts.ts'
import { backfillInMigration } from './backfill-in-migration.ts'

/** A statement that takes its time, or has to wait, while an earlier one of its transaction holds a table. */
export const statementsAfterExclusiveLock: Rule = {
  id: 'statements-after-exclusive-lock',
  class: 'advice',
  summary: 'Works or waits while a table stays locked by an earlier statement of the same transaction.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: (statement, context) => {
    const held = heldLocks(context).filter(({ lock }) => isAtLeast(lock, 'SHARE'))
    if (held.length === 0 || backfillInMigration.find(statement, context).length > 0) return []
    const busy = busyTables(statement, context)
    const own = strongest(held.filter(({ table }) => busy.some((it) => it.reads && isSameTable(it.table, table))))
    if (own) return [keeping(own, 'its rows are read', true)]
    const exclusive = held.find(({ lock }) => lock === 'ACCESS EXCLUSIVE')
    const other = exclusive && busy.find(({ table }) => !held.some((it) => isSameTable(it.table, table)))
    if (!exclusive || !other) return []
    return [keeping(exclusive, `\`${nameOf(other.table)}\` is ${other.reads ? 'worked on' : 'waited for'}`, false)]
  },
}

interface BusyTable {
  readonly table: TableRef
  /** Its rows are read; otherwise it is only locked, which may have to wait. */
  readonly reads: boolean
}

function busyTables({ node }: Statement, context: RuleContext): readonly BusyTable[] {
  const facts = tracedFacts(context)
  const seen =
    facts?.relations
      .filter((it) => worked(it) || (it.lockIsNew && it.lock !== null && isAtLeast(it.lock, 'SHARE')))
      .map((it) => ({ table: refOf(it), reads: worked(it) })) ?? namedTables(node)
  return seen.filter(({ table }) => !context.madeHere.table(table))
}

function namedTables(node: Statement['node']): readonly BusyTable[] {
  const locked = takenLocks(node).filter(({ lock }) => isAtLeast(lock, 'SHARE'))
  return [
    ...tablesRead(node).map((table) => ({ table, reads: true })),
    ...locked.map(({ table }) => ({ table, reads: false })),
  ]
}

function strongest(locks: readonly TableLock[]): TableLock | undefined {
  return locks.toSorted((one, other) => (isAtLeast(one.lock, other.lock) ? -1 : 1))[0]
}

function keeping({ table, lock }: TableLock, work: string, scan: boolean): Match {
  const name = nameOf(table)
  return {
    message: `${lock} on \`${name}\`, from an earlier statement, goes on to block ${blockedBy(lock)} until COMMIT while ${work}.`,
    help: `Move this statement into a migration of its own, or before the one that locks \`${name}\`.`,
    table,
    lock,
    scan,
  }
}
