import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { typeText } from '../syntax/spelling.ts'
import { didWork, tracedFacts } from '../traced-facts.ts'
import { typeChanges } from '../type-change.ts'

/** ALTER COLUMN … TYPE that is known to touch no row. */
export const changeColumnTypeMetadataOnly: Rule = {
  id: 'change-column-type-metadata-only',
  class: 'advice',
  summary: 'Gives a column a type that its rows already fit, which is instant.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    typeChanges(node, context)
      .filter(({ isMetadataOnly }) => (tracedFacts(context) ? !didWork(context) : isMetadataOnly === true))
      .map(({ table, column, to }) => ({
        message: lockMessage(
          'ACCESS EXCLUSIVE',
          table,
          `for a moment while \`${column}\` becomes \`${typeText(to)}\`, for which no row is read`,
        ),
        table,
        lock: 'ACCESS EXCLUSIVE',
      })),
}
