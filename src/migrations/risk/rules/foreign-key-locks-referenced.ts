import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { addedForeignKeys } from '../syntax/added.ts'
import { isSameTable, nameOf } from '../syntax/tables.ts'

/** A foreign key, wherever it is made, for the table that it references. */
export const foreignKeyLocksReferenced: Rule = {
  id: 'foreign-key-locks-referenced',
  class: 'advice',
  summary:
    'Makes a foreign key, which also locks the referenced table against writers, even NOT VALID or in a new table.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }) =>
    addedForeignKeys(node)
      .filter(({ table, referenced }) => !isSameTable(table, referenced))
      .map(({ table, referenced }) => ({
        message: lockMessage(
          'SHARE ROW EXCLUSIVE',
          referenced,
          `until COMMIT, for the foreign key of \`${nameOf(table)}\` that references it`,
        ),
        table: referenced,
        lock: 'SHARE ROW EXCLUSIVE',
      })),
}
