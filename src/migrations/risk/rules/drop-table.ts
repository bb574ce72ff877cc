import { isKnownAbsent } from '../known-tables.ts'
import type { Match, Rule, RuleContext, TableRef } from '../rule.ts'
import { dropOf, droppedObjects } from '../syntax/dropped.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { nameOf } from '../syntax/tables.ts'

export const dropTable: Rule = {
  id: 'drop-table',
  class: 'destructive',
  summary: 'Drops a table with its rows.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, context) {
    const drop = dropOf(node, 'OBJECT_TABLE', 'OBJECT_FOREIGN_TABLE')
    return droppedObjects(drop)
      .map(({ ref }) => ref)
      .filter((table) => !(drop?.missing_ok && isKnownAbsent(context, table)))
      .map((table) => (drop?.removeType === 'OBJECT_TABLE' ? local(table, context) : foreign(table)))
  },
}

function local(table: TableRef, context: RuleContext): Match {
  const name = nameOf(table)
  const lock = 'ACCESS EXCLUSIVE' as const
  const later = sqlIdentifier(`${table.name}_dropped`)
  const help = `Rename it first and drop it in a later release: \`alter table ${sqlName(table)} rename to ${later};\`.`
  if (context.isEmpty(table)) {
    const message = `\`${name}\` has no rows in any tenant, but running code that still names it fails.`
    return { class: 'breaking', message, help, table, lock, restorePoint: false }
  }
  const message = `The rows of \`${name}\` are gone; ACCESS EXCLUSIVE blocks reads and writes of it and of the tables that it references.`
  return { message, help, table, lock, dataLoss: true }
}

/** Its rows are on another server and stay there. */
function foreign(table: TableRef): Match {
  const message = `The foreign table \`${nameOf(table)}\` is gone; its rows stay on their server.`
  return { message, table, lock: 'ACCESS EXCLUSIVE' }
}
