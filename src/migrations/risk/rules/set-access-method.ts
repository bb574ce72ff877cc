import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { contentOf, contentsOf } from '../syntax/nodes.ts'
import { tableOf } from '../syntax/tables.ts'
import { tracedFacts } from '../traced-facts.ts'

/** SET ACCESS METHOD of a table or a materialized view. */
export const setAccessMethod: Rule = {
  id: 'set-access-method',
  class: 'rewrite',
  summary: 'Copies a table into the storage of another access method.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }, context) => {
    const { relation, cmds } = contentOf(node, 'AlterTableStmt') ?? {}
    const table = tableOf(relation)
    return (
      contentsOf(cmds, 'AlterTableCmd')
        .filter(({ subtype }) => subtype === 'AT_SetAccessMethod')
        .map(({ name = 'heap' }) => name)
        // Nearly every table is a heap already, and then nothing happens: only a trace can show one that is not.
        .filter((method) => method !== 'heap' || tracedFacts(context) !== undefined)
        .map((method) => ({
          message: lockMessage('ACCESS EXCLUSIVE', table, `while it is copied into access method \`${method}\``),
          table,
          lock: 'ACCESS EXCLUSIVE',
          rewrite: true,
          scan: true,
        }))
    )
  },
}
