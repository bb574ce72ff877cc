import { overwritten } from '../overwritten.ts'
import { harmfulChanges } from '../row-changes.ts'
import type { Rule } from '../rule.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { nameOf } from '../syntax/tables.ts'

export const mergeModifiesRows: Rule = {
  id: 'merge-modifies-rows',
  class: 'destructive',
  summary: 'Overwrites or deletes rows that a MERGE matches.',
  restorePoint: true,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    harmfulChanges(node, 'merge', context).map((change) => {
      const { table, deletes } = change
      if (!deletes) return overwritten(change, 'in the rows that match', context)
      return {
        message: `Rows of \`${nameOf(table)}\` that match are deleted; a restore point is taken first.`,
        help: `Keep a copy first: \`create table ${sqlIdentifier(`${table.name}_before`)} as table ${sqlName(table)};\`.`,
        table,
        lock: 'ROW EXCLUSIVE',
        dataLoss: true,
      }
    }),
}
