import type { Rule } from '../rule.ts'
import { concurrentForm } from '../syntax/runs-alone.ts'

export const concurrentlyInTransaction: Rule = {
  id: 'concurrently-in-transaction',
  class: 'non-transactional',
  summary: 'CONCURRENTLY in a migration that runs in a transaction fails.',
  restorePoint: false,
  approval: 'refused',
  decidedBy: 'rule',
  find({ node }, { inTransaction }) {
    const form = concurrentForm(node)
    if (form === null || !inTransaction) return []
    return [
      {
        message: `${form} cannot run in a transaction, and fails there (25001).`,
        help: 'Let the migration run outside of one: `export const config = { transaction: false }`.',
      },
    ]
  },
}
