import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { scannedUnderLock } from '../scanned-under-lock.ts'
import { contentOf, contentsOf } from '../syntax/nodes.ts'
import { sqlName } from '../syntax/spelling.ts'
import { tableOf } from '../syntax/tables.ts'

/** CREATE TABLE … PARTITION OF. */
export const createPartitionOf: Rule = {
  id: 'create-partition-of',
  class: 'blocking',
  summary: 'Creates a partition under a lock that stops readers of the whole partitioned table.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, context) => {
    const { relation, partbound, inhRelations } = contentOf(node, 'CreateStmt') ?? {}
    const [parent] = contentsOf(inhRelations, 'RangeVar').map(tableOf)
    if (partbound === undefined || parent === undefined) return []
    const created = sqlName(tableOf(relation))
    return [
      {
        message: lockMessage(
          'ACCESS EXCLUSIVE',
          parent,
          'until COMMIT, and a default partition is read whole under it',
        ),
        help: `Run \`CREATE TABLE ${created} (LIKE ${sqlName(parent)} INCLUDING ALL)\` and \`ALTER TABLE ${sqlName(parent)} ATTACH PARTITION ${created} …\`, which stops no reader of it.`,
        table: parent,
        lock: 'ACCESS EXCLUSIVE',
      },
      ...scannedUnderLock(context),
    ]
  },
}
