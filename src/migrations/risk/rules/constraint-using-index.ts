import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { addedConstraints } from '../syntax/added.ts'

/** ADD CONSTRAINT … USING INDEX. */
export const constraintUsingIndex: Rule = {
  id: 'constraint-using-index',
  class: 'advice',
  summary: 'Makes a constraint of an index that stands: nothing is built, yet the lock stops readers for a moment.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }) =>
    addedConstraints(node, 'CONSTR_UNIQUE', 'CONSTR_PRIMARY')
      .filter(({ constraint }) => constraint.indexname !== undefined)
      .map(({ table, constraint }) => ({
        message: lockMessage(
          'ACCESS EXCLUSIVE',
          table,
          `for a moment while index \`${constraint.indexname}\` becomes a constraint`,
        ),
        table,
        lock: 'ACCESS EXCLUSIVE',
      })),
}
