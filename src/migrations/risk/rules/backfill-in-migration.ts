import type { UpdateStmt } from 'libpg-query'
import { heldLock } from '../held-locks.ts'
import { blockedBy } from '../lock-message.ts'
import type { Match, Rule, RuleContext } from '../rule.ts'
import { contentsOf, running } from '../syntax/nodes.ts'
import { nameOf, tableOf } from '../syntax/tables.ts'
import { isAtLeast } from '../taken-locks.ts'

/** UPDATE of columns that the migration itself added. */
export const backfillInMigration: Rule = {
  id: 'backfill-in-migration',
  class: 'blocking',
  summary: 'Fills new columns in the transaction that added them, and so locks every row until it ends.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    running(node, 'UpdateStmt')
      .filter((update) => fillsNewColumns(update, context))
      .map((update) => filling(update, context)),
}

function columnsOf({ targetList }: UpdateStmt): readonly string[] {
  return contentsOf(targetList, 'ResTarget').map(({ name = '' }) => name)
}

function fillsNewColumns(update: UpdateStmt, { madeHere }: RuleContext): boolean {
  return columnsOf(update).every((column) => madeHere.column(tableOf(update.relation), column))
}

function filling(update: UpdateStmt, context: RuleContext): Match {
  const table = tableOf(update.relation)
  const held = heldLock(context, table)
  const lock = held !== undefined && isAtLeast(held, 'ROW EXCLUSIVE') ? held : 'ROW EXCLUSIVE'
  const blocked = isAtLeast(lock, 'SHARE') ? blockedBy(lock) : 'other writers of every row that it changes'
  const columns = columnsOf(update).map((column) => `\`${column}\``)
  return {
    message: `${lock} on \`${nameOf(table)}\` blocks ${blocked} while ${columns[0]} is filled and until COMMIT.`,
    help: 'Move the UPDATE into a later migration with `export const config = { transaction: false }`, in batches by primary key.',
    table,
    lock,
    scan: true,
  }
}
