import type { ConstrType } from 'libpg-query'
import { lockMessage } from './lock-message.ts'
import type { Match, Rule } from './rule.ts'
import type { Statement } from './statement.ts'
import { type AddedConstraint, addedConstraints } from './syntax/added.ts'
import { wordsOf } from './syntax/nodes.ts'
import { sqlIdentifier, sqlName } from './syntax/spelling.ts'

/** What the rules on constraints with an index of their own have in common. */
export const INDEX_CONSTRAINT = {
  class: 'blocking',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
} as const satisfies Partial<Rule>

/** Returns a match for each constraint of that kind for which an ALTER TABLE builds an index. */
export function indexConstraints({ node }: Statement, kind: ConstrType, words: string): readonly Match[] {
  return addedConstraints(node, kind)
    .filter(({ constraint }) => constraint.indexname === undefined)
    .map((added) => {
      const help = helpFor(added, words)
      return {
        message: lockMessage('ACCESS EXCLUSIVE', added.table, 'while an index over every row is built'),
        ...(help && { help }),
        table: added.table,
        lock: 'ACCESS EXCLUSIVE',
        scan: true,
      }
    })
}

/** An EXCLUDE, and a key WITHOUT OVERLAPS, cannot take over an index that stands. */
function helpFor({ table, constraint, column }: AddedConstraint, words: string): string | undefined {
  if (constraint.contype === 'CONSTR_EXCLUSION' || constraint.without_overlaps) return undefined
  const columns = column ? [column.name] : wordsOf(constraint.keys)
  const suffix = constraint.contype === 'CONSTR_PRIMARY' ? 'pkey' : `${columns.join('_')}_key`
  const name = sqlIdentifier(constraint.conname ?? `${table.name}_${suffix}`)
  const owner = sqlName(table)
  const index = `CREATE UNIQUE INDEX CONCURRENTLY ${name} ON ${owner} (${columns.map(sqlIdentifier).join(', ')})`
  const first = column ? 'Add the column alone, run' : 'Run'
  return `${first} \`${index}\` outside a transaction, then \`ALTER TABLE ${owner} ADD CONSTRAINT ${name} ${words} USING INDEX ${name}\`.`
}
