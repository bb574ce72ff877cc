import { harmfulChanges } from '../row-changes.ts'
import type { Rule } from '../rule.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { nameOf } from '../syntax/tables.ts'

export const deleteAllRows: Rule = {
  id: 'delete-all-rows',
  class: 'destructive',
  summary: 'Deletes every row of a table.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    harmfulChanges(node, 'delete', context)
      .filter(({ everyRow }) => everyRow)
      .map(({ table }) => ({
        message: `Every row of \`${nameOf(table)}\` is deleted; a restore point is taken first.`,
        help: `Keep a copy first: \`create table ${sqlIdentifier(`${table.name}_before`)} as table ${sqlName(table)};\`.`,
        table,
        lock: 'ROW EXCLUSIVE',
        dataLoss: true,
      })),
}
