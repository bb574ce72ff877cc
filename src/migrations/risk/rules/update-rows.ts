import { overwritten } from '../overwritten.ts'
import { harmfulChanges } from '../row-changes.ts'
import type { Rule } from '../rule.ts'

export const updateRows: Rule = {
  id: 'update-rows',
  class: 'destructive',
  summary: 'Overwrites a column in rows of a table.',
  restorePoint: true,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    harmfulChanges(node, 'update', context)
      .filter(({ everyRow }) => !everyRow)
      .map((change) => overwritten(change, 'in some rows', context)),
}
