import { nameFollows } from '../name-follows.ts'
import type { Rule } from '../rule.ts'
import { contentOf } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { nameOf, tableOf } from '../syntax/tables.ts'

export const renameView: Rule = {
  id: 'rename-view',
  class: 'breaking',
  summary: 'Renames a view that running code still uses by its old name.',
  restorePoint: false,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, context) {
    const { renameType, relation, newname = '' } = contentOf(node, 'RenameStmt') ?? {}
    const view = tableOf(relation)
    if (renameType !== 'OBJECT_VIEW' && renameType !== 'OBJECT_MATVIEW') return []
    if (nameFollows(view, context)) return []
    const bridge = `create view ${sqlName(view)} as select * from ${sqlIdentifier(newname)};`
    return [
      {
        message: `Running code still uses \`${nameOf(view)}\`, and fails from COMMIT on; ACCESS EXCLUSIVE is held for a moment.`,
        help: `Leave a view under the old name, in the same migration: \`${bridge}\`.`,
        table: view,
        lock: 'ACCESS EXCLUSIVE',
      },
    ]
  },
}
