import type { Rule } from '../rule.ts'

/** Its findings come from the recorder, which knows why. */
export const dynamicMigration: Rule = {
  id: 'dynamic-migration',
  class: 'unknown',
  summary: "What the migration sends depends on each tenant's data.",
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'rule',
  find: () => [],
}
