import type { ColumnDef, Node } from 'libpg-query'
import type { TableRef } from './rule.ts'
import { columnConstraint, tableChanges } from './syntax/alter-table.ts'
import { contentOf, contentsOf, wordsOf } from './syntax/nodes.ts'
import { isTemporary, tableOf } from './syntax/tables.ts'
import { isSerial, typeOf } from './syntax/types.ts'

/** Something that was not there before a statement, or may have been, with IF NOT EXISTS or OR REPLACE. */
export type CreatedObject = { readonly mayStand: boolean } & (
  | CreatedTable
  | { readonly kind: 'column'; readonly table: TableRef; readonly column: string }
  | { readonly kind: 'view' | 'sequence'; readonly ref: TableRef }
  | { readonly kind: 'type' | 'schema'; readonly name: string }
)

interface CreatedTable {
  readonly kind: 'table'
  readonly ref: TableRef
  readonly temporary: boolean
  /** ON COMMIT DROP. */
  readonly untilCommit: boolean
}

/** Returns what a statement creates, the sequences behind serial and identity columns included. */
export function createdObjects(node: Node): readonly CreatedObject[] {
  return [...schemas(node), ...tables(node), ...filledTables(node), ...columns(node), ...others(node)]
}

function schemas(node: Node): readonly CreatedObject[] {
  const { schemaname, schemaElts = [], if_not_exists } = contentOf(node, 'CreateSchemaStmt') ?? {}
  if (schemaname === undefined) return []
  const inside = schemaElts.flatMap(createdObjects).map((it) => within(schemaname, it))
  return [{ kind: 'schema', name: schemaname, mayStand: if_not_exists ?? false }, ...inside]
}

function within(schema: string, created: CreatedObject): CreatedObject {
  return 'ref' in created ? { ...created, ref: { ...created.ref, schema } } : created
}

function tables(node: Node): readonly CreatedObject[] {
  const create = contentOf(node, 'CreateStmt') ?? contentOf(node, 'CreateForeignTableStmt')?.base
  if (create === undefined) return []
  const { relation, tableElts, oncommit, if_not_exists } = create
  const table = { temporary: isTemporary(relation), untilCommit: oncommit === 'ONCOMMIT_DROP' }
  const [ref, mayStand] = [tableOf(relation), if_not_exists ?? false]
  return [
    { kind: 'table', ref, ...table, mayStand },
    ...ownedSequences(ref, contentsOf(tableElts, 'ColumnDef'), mayStand),
  ]
}

function filledTables(node: Node): readonly CreatedObject[] {
  const filled = contentOf(node, 'CreateTableAsStmt')
  const { rel, onCommit } = filled?.into ?? intoClause(node) ?? {}
  if (rel === undefined) return []
  const table = { temporary: isTemporary(rel), untilCommit: onCommit === 'ONCOMMIT_DROP' }
  return [{ kind: 'table', ref: tableOf(rel), ...table, mayStand: filled?.if_not_exists ?? false }]
}

/** SELECT … INTO: in a UNION it stands in the first SELECT. */
function intoClause(node: Node) {
  let select = contentOf(node, 'SelectStmt')
  while (select?.larg !== undefined) select = select.larg
  return select?.intoClause
}

function columns(node: Node): readonly CreatedObject[] {
  return tableChanges(node).flatMap(({ table, type, column, command }): readonly CreatedObject[] => {
    if (type !== 'AT_AddColumn' || column?.colname === undefined) return []
    const mayStand = command.missing_ok ?? false
    return [{ kind: 'column', table, column: column.colname, mayStand }, ...ownedSequences(table, [column], mayStand)]
  })
}

function ownedSequences({ schema, name }: TableRef, of: readonly ColumnDef[], mayStand: boolean) {
  return of
    .filter((it) => isSerial(typeOf(it.typeName)) || columnConstraint(it, 'CONSTR_IDENTITY') !== undefined)
    .map(({ colname }) => ({ kind: 'sequence' as const, ref: { schema, name: `${name}_${colname}_seq` }, mayStand }))
}

function others(node: Node): readonly CreatedObject[] {
  const view = contentOf(node, 'ViewStmt')
  if (view !== undefined) return [{ kind: 'view', ref: tableOf(view.view), mayStand: view.replace ?? false }]
  const sequence = contentOf(node, 'CreateSeqStmt')
  if (sequence !== undefined) {
    return [{ kind: 'sequence', ref: tableOf(sequence.sequence), mayStand: sequence.if_not_exists ?? false }]
  }
  const name = createdType(node)
  return name === undefined ? [] : [{ kind: 'type', name, mayStand: false }]
}

function createdType(node: Node): string | undefined {
  const definition = contentOf(node, 'DefineStmt')
  const words =
    contentOf(node, 'CreateEnumStmt')?.typeName ??
    contentOf(node, 'CreateRangeStmt')?.typeName ??
    contentOf(node, 'CreateDomainStmt')?.domainname ??
    (definition?.kind === 'OBJECT_TYPE' ? definition.defnames : undefined)
  return contentOf(node, 'CompositeTypeStmt')?.typevar?.relname ?? wordsOf(words).at(-1)
}
