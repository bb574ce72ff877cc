import type { Rule } from '../rule.ts'

/** Its findings are made by `judge`. */
export const needsData: Rule = {
  id: 'needs-data',
  class: 'unknown',
  summary: 'The statement failed on the scratch database because that has no rows.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'trace',
  find: () => [],
}
