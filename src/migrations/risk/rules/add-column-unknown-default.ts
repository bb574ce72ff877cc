import { unsteadyDefault } from '../default-volatility.ts'
import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { addedColumns } from '../syntax/added.ts'

/** ADD COLUMN with a default by a function whose volatility is not known. */
export const addColumnUnknownDefault: Rule = {
  id: 'add-column-unknown-default',
  class: 'rewrite',
  summary: 'Adds a column whose default calls a function that may be volatile, which rewrites the table.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }, context) =>
    addedColumns(node).flatMap((column) => {
      const { volatile, unknown } = unsteadyDefault(column, context)
      const [call] = unknown
      if (call === undefined || volatile.length > 0) return []
      const { table, name } = column
      return [
        {
          message: lockMessage(
            'ACCESS EXCLUSIVE',
            table,
            `while every row is rewritten to fill \`${name}\`, if \`${call}\` is volatile`,
          ),
          help: 'Add the column without the default, set the default in a second ALTER TABLE, and fill old rows in batches.',
          table,
          lock: 'ACCESS EXCLUSIVE',
          rewrite: true,
          scan: true,
        },
      ]
    }),
}
