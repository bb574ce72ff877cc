import { nameFollows } from '../name-follows.ts'
import type { Rule } from '../rule.ts'
import { contentOf } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { nameOf, tableOf } from '../syntax/tables.ts'

export const renameTable: Rule = {
  id: 'rename-table',
  class: 'breaking',
  summary: 'Renames a table that running code still uses by its old name.',
  restorePoint: false,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, context) {
    const { renameType, relation, newname = '' } = contentOf(node, 'RenameStmt') ?? {}
    const table = tableOf(relation)
    if (renameType !== 'OBJECT_TABLE' && renameType !== 'OBJECT_FOREIGN_TABLE') return []
    if (nameFollows(table, context)) return []
    const view = `create view ${sqlName(table)} as select * from ${sqlIdentifier(newname)};`
    return [
      {
        message: `Running code still uses \`${nameOf(table)}\`, and fails from COMMIT on; ACCESS EXCLUSIVE is held for a moment.`,
        help: `Leave a view under the old name, in the same migration: \`${view}\`.`,
        table,
        lock: 'ACCESS EXCLUSIVE',
      },
    ]
  },
}
