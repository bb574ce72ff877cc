import type { Rule } from '../rule.ts'

/** Its findings are made by `judge`. */
export const notTraced: Rule = {
  id: 'not-traced',
  class: 'unknown',
  summary: 'The statement failed on the scratch database, or could not be run there.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'trace',
  find: () => [],
}
