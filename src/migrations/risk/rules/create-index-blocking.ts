import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { contentOf } from '../syntax/nodes.ts'
import { tableOf } from '../syntax/tables.ts'

/** CREATE INDEX without CONCURRENTLY. */
export const createIndexBlocking: Rule = {
  id: 'create-index-blocking',
  class: 'blocking',
  summary: 'Builds an index while nobody can write to the table.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node, sql }) => {
    const index = contentOf(node, 'IndexStmt')
    // ON ONLY a partitioned table makes an entry in the catalog and builds nothing.
    if (index === undefined || index.concurrent || !index.relation?.inh) return []
    const table = tableOf(index.relation)
    return [
      {
        message: lockMessage('SHARE', table, 'while the index is built over every row'),
        help: `Run \`${concurrently(sql)}\` in a migration of its own with \`export const config = { transaction: false }\`.`,
        table,
        lock: 'SHARE',
        scan: true,
      },
    ]
  },
}

function concurrently(sql: string): string {
  const whole = sql.replace(/\bindex\b/i, '$& CONCURRENTLY').replaceAll(/\s+/g, ' ')
  return whole.length <= 100 ? whole : `${whole.slice(0, 99)}…`
}
