import type { Node } from 'libpg-query'
import { type CreatedObject, createdObjects } from './created-objects.ts'
import { factsOf } from './known-tables.ts'
import type { MadeHere, TableRef } from './rule.ts'
import type { Statement } from './statement.ts'
import { tableChanges } from './syntax/alter-table.ts'
import { droppedObjects } from './syntax/dropped.ts'
import { contentOf, wordsOf } from './syntax/nodes.ts'
import { runsAlone } from './syntax/runs-alone.ts'
import { tableOf } from './syntax/tables.ts'
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

  const isTemporary = ({ schema, name }: TableRef) =>
    (schema === null || schema === 'pg_temp') && temporary.tables.has(name)
  const hasTable = (table: TableRef) => isTemporary(table) || own.tables.has(keyOf(table))
  const columnsOf = (table: TableRef) => [...own.columns].filter((it) => it.startsWith(columnKey(table, '')))

  function noteCreated(created: CreatedObject, trace: TraceResult | undefined) {
    switch (created.kind) {
      case 'table': {
        const { ref, mayStand, untilCommit } = created
        if (created.temporary) temporary.tables.add(ref.name)
        else if (!(mayStand && factsOf({ trace }, ref) !== undefined)) own.tables.add(keyOf(ref))
        if (created.temporary && untilCommit) temporary.untilCommit.add(ref.name)
        return
      }
      case 'column':
        if (!(created.mayStand && hasColumn(trace, created))) own.columns.add(columnKey(created.table, created.column))
        return
      case 'view':
        if (!created.mayStand) own.tables.add(keyOf(created.ref))
        return
      case 'sequence':
        if (!created.mayStand) own.sequences.add(keyOf(created.ref))
        return
      case 'type':
        named.types.add(created.name)
        return
      case 'schema':
        if (!created.mayStand) named.schemas.add(created.name)
    }
  }

  function noteNewName(node: Node) {
    const { renameType = '', relation, object, subname = '', newname = '' } = contentOf(node, 'RenameStmt') ?? {}
    const table = tableOf(relation)
    if (renameType === 'OBJECT_COLUMN') move(own.columns, columnKey(table, subname), columnKey(table, newname))
    if (renameType === 'OBJECT_SCHEMA') move(named.schemas, subname, newname)
    if (renameType === 'OBJECT_SEQUENCE') move(own.sequences, keyOf(table), keyOf({ ...table, name: newname }))
    if (RELATIONS.has(renameType)) moveTable(table, { ...table, name: newname })
    if (TYPES.has(renameType)) move(named.types, wordsOf(contentOf(object, 'List')?.items).at(-1) ?? '', newname)
  }

  function noteNewSchema(node: Node) {
    const { relation, newschema = null } = contentOf(node, 'AlterObjectSchemaStmt') ?? {}
    if (relation === undefined) return
    const from = tableOf(relation)
    moveTable(from, { ...from, schema: newschema })
    move(own.sequences, keyOf(from), keyOf({ ...from, schema: newschema }))
  }

  function moveTable(from: TableRef, to: TableRef) {
    if (isTemporary(from)) {
      move(temporary.tables, from.name, to.name)
      move(temporary.untilCommit, from.name, to.name)
      return
    }
    move(own.tables, keyOf(from), keyOf(to))
    for (const key of columnsOf(from)) move(own.columns, key, columnKey(to, key.slice(columnKey(from, '').length)))
  }

  function noteDrop(node: Node) {
    for (const { table, type, command } of tableChanges(node)) {
      if (type === 'AT_DropColumn') own.columns.delete(columnKey(table, command.name ?? ''))
    }
    const drop = contentOf(node, 'DropStmt')
    const kind = drop?.removeType ?? ''
    for (const { ref } of droppedObjects(drop)) {
      if (RELATIONS.has(kind)) forgetTable(ref)
      if (TYPES.has(kind)) named.types.delete(ref.name)
      if (kind === 'OBJECT_SEQUENCE') own.sequences.delete(keyOf(ref))
      if (kind === 'OBJECT_SCHEMA') named.schemas.delete(ref.name)
    }
  }

  function forgetTable(table: TableRef) {
    if (isTemporary(table)) {
      temporary.tables.delete(table.name)
      return
    }
    own.tables.delete(keyOf(table))
    for (const key of columnsOf(table)) own.columns.delete(key)
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
      for (const created of createdObjects(node)) noteCreated(created, trace)
      noteNewName(node)
      noteNewSchema(node)
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
const TYPES: ReadonlySet<string> = new Set(['OBJECT_TYPE', 'OBJECT_DOMAIN'])

function keyOf({ schema, name }: TableRef): string {
  return JSON.stringify([schema ?? 'public', name])
}

function columnKey(table: TableRef, column: string): string {
  return `${keyOf(table)}.${column}`
}

function move(set: Set<string>, from: string, to: string): void {
  if (set.delete(from)) set.add(to)
}

function hasColumn(trace: TraceResult | undefined, { table, column }: { table: TableRef; column: string }): boolean {
  return factsOf({ trace }, table)?.columns.some(({ name }) => name === column) ?? false
}

function endsTransaction(node: Node): boolean {
  const kind = contentOf(node, 'TransactionStmt')?.kind
  return kind === 'TRANS_STMT_COMMIT' || kind === 'TRANS_STMT_ROLLBACK'
}
