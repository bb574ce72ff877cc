import { unsteadyDefault } from '../default-volatility.ts'
import { lockMessage } from '../lock-message.ts'
import type { Rule } from '../rule.ts'
import { addedColumns } from '../syntax/added.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'

/** ADD COLUMN with a default that gives every row a value of its own. */
export const addColumnVolatileDefault: Rule = {
  id: 'add-column-volatile-default',
  class: 'rewrite',
  summary: 'Adds a column whose default is computed for every row, which rewrites the table.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }, context) =>
    addedColumns(node).flatMap((column) => {
      const [call] = unsteadyDefault(column, context).volatile
      if (call === undefined) return []
      const { table, name } = column
      const setDefault = `ALTER TABLE ${sqlName(table)} ALTER COLUMN ${sqlIdentifier(name)} SET DEFAULT ${call}`
      return [
        {
          message: lockMessage(
            'ACCESS EXCLUSIVE',
            table,
            `while every row is rewritten to fill \`${name}\` by \`${call}\``,
          ),
          help: `Add the column without the default, run \`${setDefault}\` for new rows, and fill old rows in batches.`,
          table,
          lock: 'ACCESS EXCLUSIVE',
          rewrite: true,
          scan: true,
        },
      ]
    }),
}
