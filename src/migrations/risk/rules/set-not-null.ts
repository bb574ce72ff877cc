import type { Node } from 'libpg-query'
import { lockMessage } from '../lock-message.ts'
import { isProvenNotNull } from '../null-proofs.ts'
import type { Rule, RuleContext, TableRef } from '../rule.ts'
import { addedConstraints, localTableChanges } from '../syntax/added.ts'
import { columnConstraint } from '../syntax/alter-table.ts'
import { wordsOf } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName } from '../syntax/spelling.ts'
import { columnBefore, tracedRelation } from '../traced-facts.ts'

/** SET NOT NULL, ADD CONSTRAINT … NOT NULL, and NOT NULL on a new virtual column. */
export const setNotNull: Rule = {
  id: 'set-not-null',
  class: 'blocking',
  summary: 'Makes a column NOT NULL, for which every row is read.',
  restorePoint: false,
  approval: 'big',
  decidedBy: 'trace',
  find: ({ node }, context) =>
    columnsMadeNotNull(node)
      .filter(({ table, name }) => !isFree(context, table, name))
      .map(({ table, name }) => ({
        message: lockMessage(
          'ACCESS EXCLUSIVE',
          table,
          `while every row is read for a NULL in \`${name}\`, and one NULL fails it with 23502`,
        ),
        help: helpFor(context, table, name),
        table,
        lock: 'ACCESS EXCLUSIVE',
        scan: true,
      })),
}

function columnsMadeNotNull(node: Node | null): readonly { readonly table: TableRef; readonly name: string }[] {
  const set = localTableChanges(node)
    .filter(({ type }) => type === 'AT_SetNotNull')
    .map(({ table, command }) => ({ table, name: command.name ?? '' }))
  const constrained = addedConstraints(node, 'CONSTR_NOTNULL').flatMap(({ table, constraint, column }) => {
    if (constraint.skip_validation) return []
    if (column === undefined) return wordsOf(constraint.keys).map((name) => ({ table, name }))
    const isVirtual = columnConstraint(column.definition, 'CONSTR_GENERATED')?.generated_kind === 'v'
    return isVirtual ? [{ table, name: column.name }] : []
  })
  return [...set, ...constrained]
}

/** A NOT NULL that was never validated looks like any other before the statement: a scan gives it away. */
function isFree(context: RuleContext, table: TableRef, column: string): boolean {
  if (tracedRelation(context, table)?.scanned) return false
  return columnBefore(context, table, column)?.notNull === true || isProvenNotNull(context, table, column)
}

function helpFor(context: RuleContext, table: TableRef, column: string): string {
  const [owner, name] = [sqlName(table), sqlIdentifier(column)]
  if (context.madeHere.column(table, column)) {
    return `Write NOT NULL and a constant default into \`ALTER TABLE ${owner} ADD COLUMN ${name} …\`, where no row is read for them.`
  }
  return `Add \`ALTER TABLE ${owner} ADD CHECK (${name} IS NOT NULL) NOT VALID\`, validate it in the next migration, and then SET NOT NULL reads no row.`
}
