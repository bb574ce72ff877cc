import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { addedConstraints } from '../syntax/added.ts'

/** ADD COLUMN … GENERATED ALWAYS AS (…) STORED. */
export const addColumnStoredGenerated: Rule = {
  id: 'add-column-stored-generated',
  class: 'rewrite',
  summary: 'Adds a stored generated column, which is computed for and written into every row.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }) =>
    addedConstraints(node, 'CONSTR_GENERATED')
      .filter(({ constraint }) => constraint.generated_kind === 's')
      .map(({ table, column }) => ({
        message: lockMessage('ACCESS EXCLUSIVE', table, `while every row is rewritten to store \`${column?.name}\``),
        help: 'Write VIRTUAL for STORED, which is instant on PostgreSQL 18, or fill a plain column in batches and keep it by a trigger.',
        table,
        lock: 'ACCESS EXCLUSIVE',
        rewrite: true,
        scan: true,
      })),
}
