import { harmfulChanges } from '../row-changes.ts'
import type { Rule } from '../rule.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { nameOf } from '../syntax/tables.ts'

export const deleteRows: Rule = {
  id: 'delete-rows',
  class: 'destructive',
  summary: 'Deletes rows of a table.',
  restorePoint: true,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    harmfulChanges(node, 'delete', context)
      .filter(({ everyRow }) => !everyRow)
      .map(({ table }) => ({
        message: `Rows of \`${nameOf(table)}\` are deleted; a restore point is taken first.`,
        help: `Keep a copy first: \`create table ${sqlIdentifier(`${table.name}_before`)} as table ${sqlName(table)};\`.`,
        table,
        lock: 'ROW EXCLUSIVE',
        dataLoss: true,
      })),
}
