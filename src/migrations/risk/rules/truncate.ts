import { LOCK_MODES } from '../../../model/finding.ts'
import { listed } from '../lost-objects.ts'
import type { Rule, RuleContext, TableRef } from '../rule.ts'
import { contentOf, contentsOf } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { isSameTable, isTemporary, nameOf, tableOf } from '../syntax/tables.ts'
import { refOf, tracedFacts } from '../traced-facts.ts'

export const truncate: Rule = {
  id: 'truncate',
  class: 'destructive',
  summary: 'Empties a table, with CASCADE also those that reference it.',
  restorePoint: true,
  approval: 'yes',
  decidedBy: 'rule',
  find({ node }, context) {
    const { relations, behavior } = contentOf(node, 'TruncateStmt') ?? {}
    const ranges = contentsOf(relations, 'RangeVar')
    const reached = behavior === 'DROP_CASCADE' ? alsoEmptied(ranges.map(tableOf), context) : ''
    return ranges
      .filter((range) => !isTemporary(range))
      .map(tableOf)
      .map((table) => ({
        message: `ACCESS EXCLUSIVE on \`${nameOf(table)}\` blocks reads and writes, and all its rows are gone${reached}; a restore point is taken first.`,
        help: `Keep a copy first: \`create table ${sqlIdentifier(`${table.name}_before`)} as table ${sqlName(table)};\`.`,
        table,
        lock: 'ACCESS EXCLUSIVE' as const,
        dataLoss: true,
      }))
  },
}

function alsoEmptied(named: readonly TableRef[], context: RuleContext): string {
  const facts = tracedFacts(context)
  if (facts === undefined) return ', with those of every table that references it'
  const reached = facts.relations.filter(
    ({ kind, lock, schema, name }) =>
      kind !== 'sequence' && lock === LOCK_MODES.at(-1) && !named.some((table) => isSameTable(table, { schema, name })),
  )
  const names = reached.map((it) => nameOf(refOf(it)))
  return names.length === 0 ? '' : `, with those of ${listed(names)}`
}
