import type { Rule } from '../rule.ts'
import { tableChanges } from '../syntax/alter-table.ts'
import { nameOf } from '../syntax/tables.ts'

export const dropExpression: Rule = {
  id: 'drop-expression',
  class: 'irreversible',
  summary: 'Makes a generated column a plain one; that cannot be taken back without a new column.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, { madeHere }) =>
    tableChanges(node)
      .filter(({ type, table, command }) => type === 'AT_DropExpression' && !madeHere.column(table, command.name ?? ''))
      .map(({ table, command }) => ({
        message: `\`${nameOf(table)}.${command.name}\` stops being generated, and only a new column can be generated again.`,
        table,
        lock: 'ACCESS EXCLUSIVE',
      })),
}
