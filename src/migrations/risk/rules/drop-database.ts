import type { Rule } from '../rule.ts'
import { contentOf } from '../syntax/nodes.ts'

export const dropDatabase: Rule = {
  id: 'drop-database',
  class: 'destructive',
  summary: 'Drops a whole database; there is no transaction and no way back.',
  restorePoint: false,
  approval: 'refused',
  decidedBy: 'rule',
  find({ node }) {
    const drop = contentOf(node, 'DropdbStmt')
    if (drop === undefined) return []
    return [
      {
        message: `The database \`${drop.dbname ?? ''}\` is gone with every table in it, and no transaction can undo it.`,
        help: 'Delete a tenant with `fleet tenant delete`, not in a migration.',
        dataLoss: true,
      },
    ]
  },
}
