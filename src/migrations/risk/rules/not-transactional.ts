import type { Rule } from '../rule.ts'
import { untransactionalCommand } from '../syntax/runs-alone.ts'

export const notTransactional: Rule = {
  id: 'not-transactional',
  class: 'non-transactional',
  summary: 'Runs as a step of its own, which is not rolled back when a later one fails.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find({ node }, { inTransaction }) {
    const command = untransactionalCommand(node)
    if (command === null) return []
    if (!inTransaction) {
      return [{ message: `${command} runs as a step of its own; what it did stays when a later step fails.` }]
    }
    return [
      {
        message: `${command} cannot run in a transaction, and fails there (25001).`,
        help: 'Let the migration run outside of one: `export const config = { transaction: false }`.',
        approval: 'refused',
      },
    ]
  },
}
