import type { Rule } from '../rule.ts'
import { localTableChanges } from '../syntax/added.ts'
import { contentOf } from '../syntax/nodes.ts'
import { sqlName } from '../syntax/spelling.ts'
import { nameOf, tableOf } from '../syntax/tables.ts'

/** DETACH PARTITION without CONCURRENTLY. */
export const detachPartitionBlocking: Rule = {
  id: 'detach-partition-blocking',
  class: 'blocking',
  summary: 'Detaches a partition under a lock that stops readers of the whole partitioned table.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }) =>
    localTableChanges(node).flatMap(({ table, type, command }) => {
      const partition = contentOf(command.def, 'PartitionCmd')
      if (type !== 'AT_DetachPartition' || partition?.concurrent) return []
      const child = tableOf(partition?.name)
      const sql = `ALTER TABLE ${sqlName(table)} DETACH PARTITION ${sqlName(child)} CONCURRENTLY`
      return [
        {
          message: `ACCESS EXCLUSIVE on \`${nameOf(table)}\` and \`${nameOf(child)}\` blocks reads and writes until COMMIT.`,
          help: `Run \`${sql}\` in a migration of its own with \`export const config = { transaction: false }\`.`,
          table,
          lock: 'ACCESS EXCLUSIVE',
        },
      ]
    }),
}
