import type { Rule } from '../rule.ts'
import { dropOf, droppedObjects } from '../syntax/dropped.ts'
import { nameOf } from '../syntax/tables.ts'

export const dropMaterializedView: Rule = {
  id: 'drop-materialized-view',
  class: 'breaking',
  summary: 'Drops a materialized view; its rows can be computed again.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }) =>
    droppedObjects(dropOf(node, 'OBJECT_MATVIEW')).map(({ ref }) => ({
      message: `The materialized view \`${nameOf(ref)}\` is gone, and running code that still reads it fails.`,
      table: ref,
      lock: 'ACCESS EXCLUSIVE',
    })),
}
