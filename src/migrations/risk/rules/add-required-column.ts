import type { ColumnDef } from 'libpg-query'
import type { Rule } from '../rule.ts'
import { addedColumns } from '../syntax/added.ts'
import { columnConstraint } from '../syntax/alter-table.ts'
import { contentOf } from '../syntax/nodes.ts'
import { sqlIdentifier, sqlName, typeText } from '../syntax/spelling.ts'
import { nameOf } from '../syntax/tables.ts'
import { isSerial, typeOf } from '../syntax/types.ts'

export const addRequiredColumn: Rule = {
  id: 'add-required-column',
  class: 'breaking',
  summary: 'Adds a column that must have a value and has no default.',
  restorePoint: false,
  approval: 'yes',
  decidedBy: 'rule',
  find: ({ node }, { isEmpty }) =>
    addedColumns(node)
      .filter(({ table, definition }) => isRequired(definition) && !hasValue(definition) && !isEmpty(table))
      .map(({ table, name, definition }) => ({
        message: `It fails (23502) where \`${nameOf(table)}\` has a row, after reading all under ACCESS EXCLUSIVE; running code cannot insert without \`${name}\`.`,
        help: `Add it with a default: \`alter table ${sqlName(table)} add column ${sqlIdentifier(name)} ${typeText(typeOf(definition.typeName))} not null default …;\`.`,
        table,
        lock: 'ACCESS EXCLUSIVE',
        scan: true,
      })),
}

function isRequired(column: ColumnDef): boolean {
  return (
    columnConstraint(column, 'CONSTR_NOTNULL') !== undefined || columnConstraint(column, 'CONSTR_PRIMARY') !== undefined
  )
}

function hasValue(column: ColumnDef): boolean {
  const value = columnConstraint(column, 'CONSTR_DEFAULT')?.raw_expr
  if (value !== undefined) return !contentOf(value, 'A_Const')?.isnull
  const isComputed = columnConstraint(column, 'CONSTR_IDENTITY') ?? columnConstraint(column, 'CONSTR_GENERATED')
  return isComputed !== undefined || isSerial(typeOf(column.typeName))
}
