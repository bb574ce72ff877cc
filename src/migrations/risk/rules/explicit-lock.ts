import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { contentOf, contentsOf } from '../syntax/nodes.ts'
import { tableOf } from '../syntax/tables.ts'
import { isAtLeast, lockMode } from '../taken-locks.ts'

/** LOCK TABLE in a mode that stops writers. */
export const explicitLock: Rule = {
  id: 'explicit-lock',
  class: 'blocking',
  summary: 'Locks a table by LOCK TABLE, at least against writers, until the transaction ends.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }) => {
    const statement = contentOf(node, 'LockStmt')
    const lock = lockMode(statement?.mode)
    if (statement === undefined || !isAtLeast(lock, 'SHARE')) return []
    return contentsOf(statement.relations, 'RangeVar').map((relation) => {
      const table = tableOf(relation)
      return { message: lockMessage(lock, table, 'from LOCK TABLE until COMMIT'), table, lock }
    })
  },
}
