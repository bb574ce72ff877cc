import type { Node } from 'libpg-query'
import { unsteadyDefault } from '../default-volatility.ts'
import { isConstrainedDomain, isOwnTypeOfPostgres } from '../domains.ts'
import { lockMessage } from '../lock-message.ts'
import type { Rule, RuleContext } from '../rule.ts'
import { type AddedColumn, addedColumns, localTableChanges } from '../syntax/added.ts'
import { sqlIdentifier, sqlName, typeText } from '../syntax/spelling.ts'
import { isSerial, typeOf } from '../syntax/types.ts'
import { tracedRelation } from '../traced-facts.ts'

/** ADD COLUMN of a domain that has a CHECK or is NOT NULL. */
export const addColumnConstrainedDomain: Rule = {
  id: 'add-column-constrained-domain',
  class: 'rewrite',
  summary: 'Adds a column whose type is a domain with a constraint, which rewrites the table even without a default.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }, context) =>
    addedColumns(node)
      .map((column) => ({ ...column, type: typeOf(column.definition.typeName) }))
      .filter(({ type }) => !type.isArray && !isSerial(type) && !isOwnTypeOfPostgres(type))
      .filter((column) => isConstrainedDomain(column.type.name, context) ?? isGivenAway(column, node, context))
      .map(({ table, name, type }) => ({
        message: lockMessage(
          'ACCESS EXCLUSIVE',
          table,
          `while every row is rewritten, for domain \`${typeText(type)}\` of \`${name}\` has a constraint`,
        ),
        help: `Add \`${sqlIdentifier(name)}\` with the domain's base type, then \`ALTER TABLE ${sqlName(table)} ADD CHECK (…) NOT VALID\`, and validate it in the next migration.`,
        table,
        lock: 'ACCESS EXCLUSIVE',
        rewrite: true,
        scan: true,
      })),
}

/** A migration of the past may have made the domain: a rewrite that nothing else in the statement explains gives it away. */
function isGivenAway(column: AddedColumn, node: Node | null, context: RuleContext): boolean {
  const { volatile, unknown } = unsteadyDefault(column, context)
  return (
    localTableChanges(node).length === 1 &&
    [...volatile, ...unknown].length === 0 &&
    (tracedRelation(context, column.table)?.rewritten ?? false)
  )
}
