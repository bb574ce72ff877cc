import type { AlterTableCmd, AlterTableType, ColumnDef, Constraint, ConstrType, Node } from 'libpg-query'
import type { TableRef } from '../rule.ts'
import { contentOf, contentsOf } from './nodes.ts'
import { tableOf } from './tables.ts'

/** One action of an ALTER TABLE. */
export interface TableChange {
  readonly table: TableRef
  readonly command: AlterTableCmd
  readonly type: AlterTableType | undefined
  /** The column that is added or altered; its name is in `command.name` for what alters one. */
  readonly column: ColumnDef | undefined
  /** The constraint that is added to the table. */
  readonly constraint: Constraint | undefined
}

/** Returns the actions of an ALTER TABLE, in order; none for other statements, and for views, indexes and sequences. */
export function tableChanges(node: Node | null): readonly TableChange[] {
  const { relation, cmds, objtype } = contentOf(node, 'AlterTableStmt') ?? {}
  if (objtype !== 'OBJECT_TABLE' && objtype !== 'OBJECT_FOREIGN_TABLE') return []
  const table = tableOf(relation)
  return contentsOf(cmds, 'AlterTableCmd').map((command) => ({
    table,
    command,
    type: command.subtype,
    column: contentOf(command.def, 'ColumnDef'),
    constraint: contentOf(command.def, 'Constraint'),
  }))
}

/** Returns the constraint of that kind which stands in the definition of a column: DEFAULT, NOT NULL, CHECK, … */
export function columnConstraint(column: ColumnDef | undefined, kind: ConstrType): Constraint | undefined {
  return contentsOf(column?.constraints, 'Constraint').find(({ contype }) => contype === kind)
}

/** Returns the constraints in the definition of a column. */
export function columnConstraints(column: ColumnDef | undefined): readonly Constraint[] {
  return contentsOf(column?.constraints, 'Constraint')
}
