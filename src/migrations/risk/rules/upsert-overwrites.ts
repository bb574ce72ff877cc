import { overwritten } from '../overwritten.ts'
import { harmfulChanges } from '../row-changes.ts'
import type { Rule } from '../rule.ts'

export const upsertOverwrites: Rule = {
  id: 'upsert-overwrites',
  class: 'destructive',
  summary: 'Overwrites rows that stand in the way of an INSERT.',
  restorePoint: true,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    harmfulChanges(node, 'upsert', context).map((change) => ({
      ...overwritten(change, 'in the rows that conflict', context),
      help: 'Leave rows that are there as they are: `on conflict do nothing`.',
    })),
}
