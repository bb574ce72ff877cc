import { INDEX_CONSTRAINT, indexConstraints } from '../index-constraint.ts'
import type { Rule } from '../rule.ts'

/** ADD CONSTRAINT … EXCLUDE. */
export const addExclusionConstraint: Rule = {
  ...INDEX_CONSTRAINT,
  id: 'add-exclusion-constraint',
  summary: 'Adds an EXCLUDE constraint, whose index is built, slowly, while nobody can read the table.',
  find: (statement) => indexConstraints(statement, 'CONSTR_EXCLUSION', 'EXCLUDE'),
}
