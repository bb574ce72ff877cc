import type { ColumnDef, Constraint, ConstrType, Node } from 'libpg-query'
import type { TableRef } from '../rule.ts'
import { columnConstraints, type TableChange, tableChanges } from './alter-table.ts'
import { contentOf, contentsOf } from './nodes.ts'
import { tableOf } from './tables.ts'

/** A column that an ALTER TABLE adds. */
export interface AddedColumn {
  readonly table: TableRef
  readonly name: string
  readonly definition: ColumnDef
}

/** A constraint that an ALTER TABLE adds, by itself or in the definition of a column that it adds. */
export interface AddedConstraint {
  readonly table: TableRef
  readonly constraint: Constraint
  /** The new column whose definition holds it; undefined: it is added to the table. */
  readonly column: AddedColumn | undefined
}

/** A foreign key, wherever a statement may write one. */
export interface AddedForeignKey extends AddedConstraint {
  readonly referenced: TableRef
}

/** Returns the actions of an ALTER TABLE on a table with rows of its own: a foreign one has none here. */
export function localTableChanges(node: Node | null): readonly TableChange[] {
  return contentOf(node, 'AlterTableStmt')?.objtype === 'OBJECT_TABLE' ? tableChanges(node) : []
}

/** Returns the columns that an ALTER TABLE adds, in order. */
export function addedColumns(node: Node | null): readonly AddedColumn[] {
  return localTableChanges(node).flatMap(({ table, type, column }) =>
    type === 'AT_AddColumn' && column ? [{ table, name: column.colname ?? '', definition: column }] : [],
  )
}

/** Returns the constraints of these kinds that an ALTER TABLE adds. */
export function addedConstraints(node: Node | null, ...kinds: readonly ConstrType[]): readonly AddedConstraint[] {
  const ofTable = localTableChanges(node).flatMap(({ table, type, constraint }) =>
    type === 'AT_AddConstraint' && constraint ? [{ table, constraint, column: undefined }] : [],
  )
  const ofColumns = addedColumns(node).flatMap((column) =>
    withAttributes(columnConstraints(column.definition)).map((constraint) => ({
      table: column.table,
      constraint,
      column,
    })),
  )
  return [...ofTable, ...ofColumns].filter(({ constraint: { contype } }) => contype && kinds.includes(contype))
}

/** Returns the foreign keys that an ALTER TABLE or CREATE TABLE makes. */
export function addedForeignKeys(node: Node | null): readonly AddedForeignKey[] {
  return [...addedConstraints(node, 'CONSTR_FOREIGN'), ...foreignKeysOfNewTable(node)].map((added) => ({
    ...added,
    referenced: tableOf(added.constraint.pktable),
  }))
}

/** In the definition of a column NOT ENFORCED stands behind its constraint, as one of its own. */
function withAttributes(constraints: readonly Constraint[]): readonly Constraint[] {
  return constraints.map((constraint, at) => {
    const rest = constraints.slice(at + 1)
    const end = rest.findIndex(({ contype }) => contype === undefined || !ATTRIBUTES.has(contype))
    const own = end === -1 ? rest : rest.slice(0, end)
    const isEnforced = own.every(({ contype }) => contype !== 'CONSTR_ATTR_NOT_ENFORCED')
    return isEnforced ? constraint : { ...constraint, skip_validation: true }
  })
}

const ATTRIBUTES: ReadonlySet<ConstrType> = new Set([
  'CONSTR_ATTR_DEFERRABLE',
  'CONSTR_ATTR_NOT_DEFERRABLE',
  'CONSTR_ATTR_DEFERRED',
  'CONSTR_ATTR_IMMEDIATE',
  'CONSTR_ATTR_ENFORCED',
  'CONSTR_ATTR_NOT_ENFORCED',
])

function foreignKeysOfNewTable(node: Node | null): readonly AddedConstraint[] {
  const { relation, tableElts } = contentOf(node, 'CreateStmt') ?? {}
  const ofColumns = contentsOf(tableElts, 'ColumnDef').flatMap((column) => columnConstraints(column))
  return [...contentsOf(tableElts, 'Constraint'), ...ofColumns]
    .filter(({ contype }) => contype === 'CONSTR_FOREIGN')
    .map((constraint) => ({ table: tableOf(relation), constraint, column: undefined }))
}
