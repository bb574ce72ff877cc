import { laterInTransaction } from '../later-statements.ts'
import type { Rule, RuleContext, TableRef } from '../rule.ts'
import { tableChanges } from '../syntax/alter-table.ts'
import { contentOf } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { isSameTable, nameOf, tableOf } from '../syntax/tables.ts'
import { viewsMade } from '../syntax/views.ts'

export const renameColumn: Rule = {
  id: 'rename-column',
  class: 'breaking',
  summary: 'Renames a column that running code still uses by its old name.',
  restorePoint: false,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, context) {
    const { renameType, relation, subname = '', newname = '' } = contentOf(node, 'RenameStmt') ?? {}
    const table = tableOf(relation)
    if (renameType !== 'OBJECT_COLUMN' || context.madeHere.column(table, subname)) return []
    if (oldNameFollows(table, subname, context)) return []
    const generated = `${sqlName(table)} add column ${sqlIdentifier(newname)}`
    return [
      {
        message: `Running code still uses \`${nameOf(table)}.${subname}\`, and fails from COMMIT on; ACCESS EXCLUSIVE is held for a moment.`,
        help: `Add a column beside it, and drop the old one in a later release: \`alter table ${generated} …;\`.`,
        table,
        lock: 'ACCESS EXCLUSIVE',
      },
    ]
  },
}

/** A column of the old name is added again, or a view takes the place of the table. */
function oldNameFollows(table: TableRef, column: string, context: RuleContext): boolean {
  return laterInTransaction(context).some(({ node }) => {
    const rename = contentOf(node, 'RenameStmt')
    return (
      tableChanges(node).some(
        (it) => it.type === 'AT_AddColumn' && it.column?.colname === column && isSameTable(it.table, table),
      ) ||
      (rename?.renameType === 'OBJECT_COLUMN' &&
        rename.newname === column &&
        isSameTable(tableOf(rename.relation), table)) ||
      viewsMade(node).some((view) => isSameTable(view, table))
    )
  })
}
