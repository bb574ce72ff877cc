import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { contentOf } from '../syntax/nodes.ts'
import { tableOf } from '../syntax/tables.ts'

/** CREATE TRIGGER. */
export const createTrigger: Rule = {
  id: 'create-trigger',
  class: 'blocking',
  summary: 'Creates a trigger under a lock that stops writers until the transaction ends.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }) => {
    const trigger = contentOf(node, 'CreateTrigStmt')
    if (trigger === undefined) return []
    const table = tableOf(trigger.relation)
    const lock = 'SHARE ROW EXCLUSIVE'
    return [{ message: lockMessage(lock, table, `until COMMIT, for trigger \`${trigger.trigname}\``), table, lock }]
  },
}
