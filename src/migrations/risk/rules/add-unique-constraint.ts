import { INDEX_CONSTRAINT, indexConstraints } from '../index-constraint.ts'
import type { Rule } from '../rule.ts'

/** ADD CONSTRAINT … UNIQUE, and UNIQUE on a new column. */
export const addUniqueConstraint: Rule = {
  ...INDEX_CONSTRAINT,
  id: 'add-unique-constraint',
  summary: 'Adds a UNIQUE constraint, whose index is built while nobody can read the table.',
  find: (statement) => indexConstraints(statement, 'CONSTR_UNIQUE', 'UNIQUE'),
}
