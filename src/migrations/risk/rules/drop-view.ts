import type { Rule } from '../rule.ts'
import { dropOf, droppedObjects } from '../syntax/dropped.ts'
import { nameOf } from '../syntax/tables.ts'

export const dropView: Rule = {
  id: 'drop-view',
  class: 'breaking',
  summary: 'Drops a view that running code may still read.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }) =>
    droppedObjects(dropOf(node, 'OBJECT_VIEW')).map(({ ref }) => ({
      message: `The view \`${nameOf(ref)}\` is gone, and running code that still reads it fails.`,
      table: ref,
      lock: 'ACCESS EXCLUSIVE',
    })),
}
