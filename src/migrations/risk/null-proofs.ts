import type { Node } from 'libpg-query'
import type { RuleContext, TableRef } from './rule.ts'
import { addedConstraints, localTableChanges } from './syntax/added.ts'
import { contentOf, wordsOf } from './syntax/nodes.ts'
import { isSameTable } from './syntax/tables.ts'

/**
 * Says whether earlier statements of the migration prove that a column has no NULL: a CHECK (c IS NOT NULL) that was added and
 * checked, at once or by VALIDATE CONSTRAINT. PostgreSQL then reads no rows for SET NOT NULL.
 */
export function isProvenNotNull({ statements, index }: RuleContext, table: TableRef, column: string): boolean {
  const earlier = statements.slice(0, index).map(({ node }) => node)
  return earlier.some((node, at) =>
    addedConstraints(node, 'CONSTR_CHECK').some(
      ({ table: owner, constraint }) =>
        isSameTable(owner, table) &&
        excludesNull(constraint.raw_expr, column) &&
        (!constraint.skip_validation || isValidated(earlier.slice(at + 1), table, constraint.conname)),
    ),
  )
}

function isValidated(nodes: readonly (Node | null)[], table: TableRef, constraint: string | undefined): boolean {
  return nodes
    .flatMap(localTableChanges)
    .some(
      ({ type, command, table: owner }) =>
        type === 'AT_ValidateConstraint' && command.name === constraint && isSameTable(owner, table),
    )
}

function excludesNull(expression: Node | undefined, column: string): boolean {
  const all = contentOf(expression, 'BoolExpr')
  if (all?.boolop === 'AND_EXPR') return (all.args ?? []).some((argument) => excludesNull(argument, column))
  const test = contentOf(expression, 'NullTest')
  return test?.nulltesttype === 'IS_NOT_NULL' && wordsOf(contentOf(test.arg, 'ColumnRef')?.fields).at(-1) === column
}
