import type { Rule } from '../rule.ts'
import { contentOf } from '../syntax/nodes.ts'
import { nameOf, tableOf } from '../syntax/tables.ts'

export const invalidIndexRetry: Rule = {
  id: 'invalid-index-retry',
  class: 'non-transactional',
  summary: 'After a failed build, IF NOT EXISTS takes the invalid index for a finished one.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find({ node }) {
    const { concurrent, if_not_exists, relation, idxname } = contentOf(node, 'IndexStmt') ?? {}
    if (!concurrent || !if_not_exists) return []
    const table = tableOf(relation)
    return [
      {
        message: `A build of \`${idxname}\` that fails leaves an INVALID index on \`${nameOf(table)}\`, which IF NOT EXISTS takes for done; fleet drops it first.`,
        help: 'Leave IF NOT EXISTS out: a step whose index stands is skipped anyway.',
        table,
        lock: 'SHARE UPDATE EXCLUSIVE',
      },
    ]
  },
}
