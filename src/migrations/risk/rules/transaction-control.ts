import type { TransactionStmtKind } from 'libpg-query'
import type { Rule } from '../rule.ts'
import { contentOf } from '../syntax/nodes.ts'

export const transactionControl: Rule = {
  id: 'transaction-control',
  class: 'non-transactional',
  summary: "Begins or ends a transaction, which is the fleet's to do.",
  restorePoint: false,
  approval: 'refused',
  decidedBy: 'rule',
  find({ node }) {
    const { kind } = contentOf(node, 'TransactionStmt') ?? {}
    if (kind === undefined || SAVEPOINTS.has(kind)) return []
    return [
      {
        message: `${kind.replace('TRANS_STMT_', '').replaceAll('_', ' ')} would part the migration from its row in the history: the transaction is not its own.`,
        help: 'Remove it; for steps outside of a transaction: `export const config = { transaction: false }`.',
      },
    ]
  },
}

const SAVEPOINTS: ReadonlySet<TransactionStmtKind> = new Set([
  'TRANS_STMT_SAVEPOINT',
  'TRANS_STMT_RELEASE',
  'TRANS_STMT_ROLLBACK_TO',
] as const)
