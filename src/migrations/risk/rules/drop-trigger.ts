import type { Rule } from '../rule.ts'
import { dropOf, droppedObjects } from '../syntax/dropped.ts'
import { nameOf } from '../syntax/tables.ts'

export const dropTrigger: Rule = {
  id: 'drop-trigger',
  class: 'breaking',
  summary: 'Drops a trigger: what it did on each write is no longer done.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }) =>
    droppedObjects(dropOf(node, 'OBJECT_TRIGGER')).flatMap(({ ref, table }) =>
      table === null
        ? []
        : [
            {
              message: `ACCESS EXCLUSIVE on \`${nameOf(table)}\` blocks reads and writes for a moment, and the trigger \`${ref.name}\` no longer runs.`,
              table,
              lock: 'ACCESS EXCLUSIVE' as const,
            },
          ],
    ),
}
