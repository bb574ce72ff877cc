import type { Rule } from '../rule.ts'
import { tableChanges } from '../syntax/alter-table.ts'
import { nameOf } from '../syntax/tables.ts'

export const dropNotNull: Rule = {
  id: 'drop-not-null',
  class: 'breaking',
  summary: 'Lets a column be NULL; running code may not expect that.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, { madeHere }) =>
    tableChanges(node)
      .filter(({ type, table, command }) => type === 'AT_DropNotNull' && !madeHere.column(table, command.name ?? ''))
      .map(({ table, command }) => ({
        message: `ACCESS EXCLUSIVE on \`${nameOf(table)}\` blocks reads and writes for a moment, and running code may meet a NULL in \`${command.name}\`.`,
        table,
        lock: 'ACCESS EXCLUSIVE',
      })),
}
