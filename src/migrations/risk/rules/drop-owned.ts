import { heldValues, listed, lostNames } from '../lost-objects.ts'
import type { Rule } from '../rule.ts'
import { contentOf, contentsOf } from '../syntax/nodes.ts'
import { tracedFacts } from '../traced-facts.ts'

export const dropOwned: Rule = {
  id: 'drop-owned',
  class: 'destructive',
  summary: 'Drops everything that a role owns.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, context) {
    const drop = contentOf(node, 'DropOwnedStmt')
    if (drop === undefined) return []
    const roles = contentsOf(drop.roles, 'RoleSpec').map(({ rolename }) => rolename ?? 'current_user')
    const lost = tracedFacts(context)?.lost
    const gone = lost?.length ? `: ${listed(lostNames({ lost }))}` : ''
    return [
      {
        message: `Everything that ${listed(roles)} owns in this database is gone${gone}; a restore point is taken first.`,
        help: 'Give it to another role instead: `reassign owned by old_role to new_role;`.',
        lock: 'ACCESS EXCLUSIVE',
        dataLoss: lost === undefined || lost.some(heldValues),
      },
    ]
  },
}
