import type { Rule } from '../rule.ts'
import { dropOf, droppedObjects } from '../syntax/dropped.ts'
import { nameOf } from '../syntax/tables.ts'

export const dropPolicy: Rule = {
  id: 'drop-policy',
  class: 'breaking',
  summary: 'Drops a policy of row security: other rows are seen, or none.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }) =>
    droppedObjects(dropOf(node, 'OBJECT_POLICY')).flatMap(({ ref, table }) =>
      table === null
        ? []
        : [
            {
              message: `ACCESS EXCLUSIVE on \`${nameOf(table)}\` blocks reads and writes for a moment, and the policy \`${ref.name}\` no longer holds.`,
              help: 'Change the policy in place: `alter policy p on t using (…);`.',
              table,
              lock: 'ACCESS EXCLUSIVE' as const,
            },
          ],
    ),
}
