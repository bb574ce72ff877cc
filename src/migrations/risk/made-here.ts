import type { ColumnDef, Node, RangeVar } from 'libpg-query'
import { factsOf, tablesBefore } from './known-tables.ts'
import type { MadeHere, TableRef } from './rule.ts'
import type { Statement } from './statement.ts'
import { columnConstraint, tableChanges } from './syntax/alter-table.ts'
import { droppedObjects } from './syntax/dropped.ts'
import { contentOf, contentsOf, wordsOf } from './syntax/nodes.ts'
import { runsAlone } from './syntax/runs-alone.ts'
import { isTemporary, tableNamed, tableOf } from './syntax/tables.ts'
import { isSerial, typeOf } from './syntax/types.ts'
import type { TraceResult } from './trace-facts.ts'

/** What a migration has made so far and not committed. It grows with each statement that is noted. */
export interface MadeHereLedger extends MadeHere {
  /** Takes a statement in, once the rules have looked at it. */
  readonly note: (statement: Statement, trace: TraceResult | undefined) => void
}

/**
 * Starts with nothing. Outside a transaction each statement commits, and only temporary tables stay the migration's own.
 * A name without a schema is taken for one in `public`: a table made in another schema exempts no table of that name.
 */
export function openLedger(inTransaction: boolean): MadeHereLedger {
  const own = { tables: new Set<string>(), columns: new Set<string>(), sequences: new Set<string>() }
  const named = { types: new Set<string>(), schemas: new Set<string>() }
  const temporary = { tables: new Set<string>(), untilCommit: new Set<string>() }

  const isTemporaryName = ({ schema, name }: TableRef) =>
    (schema === null || schema === 'pg_temp') && temporary.tables.has(name)
  const hasTable = (table: TableRef) => isTemporaryName(table) || own.tables.has(keyOf(table))

  const columnsOf = (table: TableRef) => [...own.columns].filter((it) => it.startsWith(columnKey(table, '')))

  function addTable(
    range: RangeVar | undefined,
    options: { ifNotExists?: boolean | undefined; untilCommit?: boolean },
  ) {
    const table = tableOf(range)
    if (isTemporary(range)) {
      temporary.tables.add(table.name)
      if (options.untilCommit) temporary.untilCommit.add(table.name)
    } else if (!options.ifNotExists) own.tables.add(keyOf(table))
  }

  function addOwnedSequences(table: TableRef, columns: readonly ColumnDef[]) {
    for (const column of columns.filter(hasSequence)) {
      own.sequences.add(keyOf({ schema: table.schema, name: `${table.name}_${column.colname}_seq` }))
    }
  }

  function noteCreation(node: Node, stood: (table: TableRef) => boolean) {
    const elements = contentOf(node, 'CreateSchemaStmt')?.schemaElts ?? []
    const schema = contentOf(node, 'CreateSchemaStmt')?.schemaname
    if (schema !== undefined) named.schemas.add(schema)
    const creates = [
      ...contentsOf([node, ...elements], 'CreateStmt'),
      ...contentsOf([node], 'CreateForeignTableStmt').flatMap(({ base }) => base ?? []),
    ]
    for (const { relation, tableElts, if_not_exists, oncommit } of creates) {
      const range = { ...relation, ...(schema === undefined ? {} : { schemaname: schema }) }
      const ifNotExists = if_not_exists && stood(tableOf(range))
      addTable(range, { ifNotExists, untilCommit: oncommit === 'ONCOMMIT_DROP' })
      if (!ifNotExists) addOwnedSequences(tableOf(range), contentsOf(tableElts, 'ColumnDef'))
    }
    const filled = contentOf(node, 'CreateTableAsStmt')
    const into = filled?.into ?? intoClause(node)
    if (into?.rel !== undefined) {
      const ifNotExists = filled?.if_not_exists && stood(tableOf(into.rel))
      addTable(into.rel, { ifNotExists, untilCommit: into.onCommit === 'ONCOMMIT_DROP' })
    }
    const view = contentOf(node, 'ViewStmt')
    if (view !== undefined && !view.replace) addTable(view.view, {})
    const sequence = contentOf(node, 'CreateSeqStmt')
    if (sequence !== undefined && !sequence.if_not_exists) own.sequences.add(keyOf(tableOf(sequence.sequence)))
    const type = typeCreated(node)
    if (type !== undefined) named.types.add(type)
  }

  function noteColumns(node: Node, trace: TraceResult | undefined) {
    for (const { table, type, column, command } of tableChanges(node)) {
      if (type === 'AT_AddColumn' && column?.colname !== undefined) {
        const stood = command.missing_ok && hasColumn(trace, table, column.colname)
        if (stood) continue
        own.columns.add(columnKey(table, column.colname))
        addOwnedSequences(table, [column])
      }
      if (type === 'AT_DropColumn') own.columns.delete(columnKey(table, command.name ?? ''))
    }
  }

  function moveTable(from: TableRef, to: TableRef) {
    if (isTemporaryName(from)) {
      temporary.tables.delete(from.name)
      temporary.tables.add(to.name)
      return
    }
    move(own.tables, keyOf(from), keyOf(to))
    for (const key of columnsOf(from)) {
      move(own.columns, key, columnKey(to, key.slice(columnKey(from, '').length)))
    }
  }

  function forgetTable(table: TableRef) {
    if (isTemporaryName(table) && temporary.tables.delete(table.name)) return
    own.tables.delete(keyOf(table))
    for (const key of columnsOf(table)) own.columns.delete(key)
  }

  function noteNewNames(node: Node) {
    const { renameType, relation, object, subname = '', newname = '' } = contentOf(node, 'RenameStmt') ?? {}
    const table = tableOf(relation)
    if (renameType === 'OBJECT_COLUMN') move(own.columns, columnKey(table, subname), columnKey(table, newname))
    if (renameType === 'OBJECT_SCHEMA') move(named.schemas, subname, newname)
    if (renameType === 'OBJECT_SEQUENCE') move(own.sequences, keyOf(table), keyOf({ ...table, name: newname }))
    if (renameType !== undefined && RELATIONS.has(renameType)) moveTable(table, { ...table, name: newname })
    if (renameType === 'OBJECT_TYPE' || renameType === 'OBJECT_DOMAIN') {
      move(named.types, wordsOf(contentOf(object, 'List')?.items).at(-1) ?? '', newname)
    }
    const moved = contentOf(node, 'AlterObjectSchemaStmt')
    if (moved?.relation !== undefined) {
      const from = tableOf(moved.relation)
      const to = { ...from, schema: moved.newschema ?? null }
      moveTable(from, to)
      move(own.sequences, keyOf(from), keyOf(to))
    }
  }

  function noteDrop(node: Node) {
    const drop = contentOf(node, 'DropStmt')
    for (const { ref } of droppedObjects(drop)) {
      forgetTable(ref)
      if (drop?.removeType === 'OBJECT_SEQUENCE') own.sequences.delete(keyOf(ref))
      if (drop?.removeType === 'OBJECT_TYPE' || drop?.removeType === 'OBJECT_DOMAIN') named.types.delete(ref.name)
      if (drop?.removeType === 'OBJECT_SCHEMA') named.schemas.delete(ref.name)
    }
  }

  function noteCommit() {
    for (const set of [...Object.values(own), ...Object.values(named)]) set.clear()
    for (const name of temporary.untilCommit) temporary.tables.delete(name)
    temporary.untilCommit.clear()
  }

  return {
    table: hasTable,
    column: (table, column) => hasTable(table) || own.columns.has(columnKey(table, column)),
    type: (name) => named.types.has(name),
    schema: (name) => named.schemas.has(name),
    sequence: (sequence) => own.sequences.has(keyOf(sequence)),
    note({ node }, trace) {
      if (node === null) return
      noteCreation(node, (table) => tablesBefore(trace) !== undefined && factsOf({ trace }, table) !== undefined)
      noteColumns(node, trace)
      noteNewNames(node)
      noteDrop(node)
      if (!inTransaction || runsAlone(node) || endsTransaction(node)) noteCommit()
    },
  }
}

const RELATIONS: ReadonlySet<string> = new Set([
  'OBJECT_TABLE',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
])

function keyOf({ schema, name }: TableRef): string {
  return JSON.stringify([schema ?? 'public', name])
}

function columnKey(table: TableRef, column: string): string {
  return `${keyOf(table)}.${column}`
}

function move(set: Set<string>, from: string, to: string): void {
  if (set.delete(from)) set.add(to)
}

function hasSequence(column: ColumnDef): boolean {
  return isSerial(typeOf(column.typeName)) || columnConstraint(column, 'CONSTR_IDENTITY') !== undefined
}

function hasColumn(trace: TraceResult | undefined, table: TableRef, column: string): boolean {
  return factsOf({ trace }, table)?.columns.some(({ name }) => name === column) ?? false
}

/** SELECT … INTO: in a UNION it stands in the first SELECT. */
function intoClause(node: Node) {
  let select = contentOf(node, 'SelectStmt')
  while (select?.larg !== undefined) select = select.larg
  return select?.intoClause
}

function typeCreated(node: Node): string | undefined {
  const definition = contentOf(node, 'DefineStmt')
  const words =
    contentOf(node, 'CreateEnumStmt')?.typeName ??
    contentOf(node, 'CreateRangeStmt')?.typeName ??
    contentOf(node, 'CreateDomainStmt')?.domainname ??
    (definition?.kind === 'OBJECT_TYPE' ? definition.defnames : undefined)
  return contentOf(node, 'CompositeTypeStmt')?.typevar?.relname ?? tableNamedOrNone(words)
}

function tableNamedOrNone(words: readonly Node[] | undefined): string | undefined {
  return words && tableNamed(wordsOf(words)).name
}

function endsTransaction(node: Node): boolean {
  const kind = contentOf(node, 'TransactionStmt')?.kind
  return kind === 'TRANS_STMT_COMMIT' || kind === 'TRANS_STMT_ROLLBACK'
}
