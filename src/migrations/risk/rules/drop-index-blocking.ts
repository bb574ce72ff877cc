import { tableOfIndex } from '../index-table.ts'
import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { dropOf, droppedObjects } from '../syntax/dropped.ts'
import { sqlName } from '../syntax/spelling.ts'
import { nameOf } from '../syntax/tables.ts'

/** DROP INDEX without CONCURRENTLY. */
export const dropIndexBlocking: Rule = {
  id: 'drop-index-blocking',
  class: 'blocking',
  summary: 'Drops an index under a lock that is brief, but waits behind long queries while all others wait behind it.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, context) => {
    const drop = dropOf(node, 'OBJECT_INDEX')
    if (drop === undefined || drop.concurrent) return []
    return droppedObjects(drop).map(({ ref }) => {
      const table = tableOfIndex(context, ref)
      const work = `until COMMIT, to drop index \`${nameOf(ref)}\``
      return {
        message: table
          ? lockMessage('ACCESS EXCLUSIVE', table, work)
          : `ACCESS EXCLUSIVE on the table of \`${nameOf(ref)}\` blocks reads and writes until COMMIT.`,
        help: `Run \`DROP INDEX CONCURRENTLY ${sqlName(ref)}\` in a migration of its own with \`export const config = { transaction: false }\`.`,
        ...(table && { table }),
        lock: 'ACCESS EXCLUSIVE',
      }
    })
  },
}
