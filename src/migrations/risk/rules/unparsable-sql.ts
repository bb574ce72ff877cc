import { opaqueWork } from '../opaque-work.ts'
import type { Rule } from '../rule.ts'
import { tracedFacts } from '../traced-facts.ts'

export const unparsableSql: Rule = {
  id: 'unparsable-sql',
  class: 'unknown',
  summary: 'The parser refuses what the server may take, so no rule has looked at it.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'rule',
  find(statement, context) {
    if (statement.node !== null) return []
    const facts = tracedFacts(context)
    if (facts === undefined) {
      const message =
        'The parser refuses this statement, and nothing has traced what it does; a restore point is taken first.'
      return [{ message, dataLoss: true }]
    }
    const { isClean, loses, written } = opaqueWork(statement, facts)
    if (isClean) return []
    const message =
      'The parser refuses this statement, and the trace shows that it changes what was there; a restore point is taken first.'
    return [{ message, dataLoss: loses || written.length > 0 }]
  },
}
