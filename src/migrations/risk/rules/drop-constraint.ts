import { listed } from '../lost-objects.ts'
import type { Rule } from '../rule.ts'
import { tableChanges } from '../syntax/alter-table.ts'
import { isSameTable, nameOf } from '../syntax/tables.ts'
import { refOf, tracedFacts } from '../traced-facts.ts'

export const dropConstraint: Rule = {
  id: 'drop-constraint',
  class: 'breaking',
  summary: 'Drops a constraint: what it guaranteed no longer holds.',
  restorePoint: false,
  approval: 'no',
  decidedBy: 'rule',
  find: ({ node }, context) =>
    tableChanges(node)
      .filter(({ type }) => type === 'AT_DropConstraint')
      .map(({ table, command }) => {
        const others = (tracedFacts(context)?.relations ?? [])
          .filter(
            ({ kind, lock, schema, name }) =>
              kind !== 'sequence' && lock === 'ACCESS EXCLUSIVE' && !isSameTable(table, { schema, name }),
          )
          .map((it) => nameOf(refOf(it)))
        const also = others.length > 0 ? ` and ${listed(others)}` : ''
        return {
          message: `ACCESS EXCLUSIVE on \`${nameOf(table)}\`${also} blocks reads and writes for a moment, and \`${command.name}\` guarantees nothing any more.`,
          table,
          lock: 'ACCESS EXCLUSIVE',
        }
      }),
}
