import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { contentOf } from '../syntax/nodes.ts'
import { sqlName } from '../syntax/spelling.ts'
import { tableOf } from '../syntax/tables.ts'

/** REFRESH MATERIALIZED VIEW without CONCURRENTLY. */
export const refreshMatviewBlocking: Rule = {
  id: 'refresh-matview-blocking',
  class: 'blocking',
  summary: 'Fills a materialized view anew while nobody can read it.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }) => {
    const refresh = contentOf(node, 'RefreshMatViewStmt')
    if (refresh === undefined || refresh.concurrent || refresh.skipData) return []
    const table = tableOf(refresh.relation)
    return [
      {
        message: lockMessage('ACCESS EXCLUSIVE', table, 'while its query runs and its indexes are built anew'),
        help: `Run \`REFRESH MATERIALIZED VIEW CONCURRENTLY ${sqlName(table)}\`, which lets readers pass and needs a unique index on the view.`,
        table,
        lock: 'ACCESS EXCLUSIVE',
        rewrite: true,
      },
    ]
  },
}
