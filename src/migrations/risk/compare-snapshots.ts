import type {
  LostObject,
  RelationName,
  RetypedColumn,
  StatementTrace,
  TableFacts,
  TracedRelation,
} from './trace-facts.ts'
import { type ColumnState, isStronger, type RelationState, type Snapshot, TABLE_KINDS } from './trace-snapshot.ts'

export interface Snapshots {
  /** As the transaction began: what is not in it was made by the migration, and is nobody else's yet. */
  readonly base: Snapshot
  readonly before: Snapshot
  readonly after: Snapshot
}

/** Tells from the snapshots before and after a statement what it did to what was there before its transaction. */
export function compareSnapshots(snapshots: Snapshots): StatementTrace {
  return {
    before: tableFacts(snapshots),
    triggers: snapshots.before.triggers,
    relations: tracedRelations(snapshots),
    lost: [...lostRelations(snapshots), ...lostColumns(snapshots), ...lostObjects(snapshots)],
    retyped: retypedColumns(snapshots),
  }
}

/** Returns the tables as they are before a statement. */
export function tableFacts({ base, before }: Pick<Snapshots, 'base' | 'before'>): readonly TableFacts[] {
  return [...before.relations.values()]
    .filter(({ kind }) => TABLE_KINDS.has(kind))
    .map((table) => ({
      schema: table.schema,
      name: table.name,
      columns: before.columns.get(table.oid) ?? [],
      old: isOld(base, table),
    }))
}

function isOld(base: Snapshot, { oid, temporary }: RelationState): boolean {
  return base.relations.has(oid) && !temporary
}

const KINDS: Readonly<Record<string, TracedRelation['kind']>> = {
  r: 'table',
  p: 'partitioned-table',
  v: 'view',
  m: 'materialized-view',
  S: 'sequence',
  f: 'foreign-table',
}

function tracedRelations(snapshots: Snapshots): TracedRelation[] {
  const { base, before, after } = snapshots
  const indexes = indexesByTable(snapshots)
  const traced: TracedRelation[] = []
  for (const relation of before.relations.values()) {
    const kind = KINDS[relation.kind]
    if (kind === undefined || !isOld(base, relation)) continue
    const lock = after.locks.get(relation.oid) ?? null
    const lockIsNew = isStronger(lock, before.locks.get(relation.oid) ?? null)
    const work = workOn(snapshots, relation, indexes.get(relation.oid) ?? [])
    // Whether an earlier statement has written or this one cannot be told apart, so both are told.
    const written = after.written.has(relation.oid)
    const dropped = !after.relations.has(relation.oid)
    if (!lockIsNew && !written && !dropped && !Object.values(work).includes(true)) continue
    const parent = before.relations.get(relation.parent ?? 0)
    traced.push({
      ...nameOf(relation),
      kind,
      lock,
      lockIsNew,
      ...work,
      written,
      parent: parent ? nameOf(parent) : null,
    })
  }
  return traced
}

/** Indexes of a table from both sides of the statement. */
function indexesByTable({ before, after }: Snapshots): ReadonlyMap<number, readonly RelationState[]> {
  const byTable = new Map<number, Map<number, RelationState>>()
  for (const snapshot of [before, after]) {
    for (const relation of snapshot.relations.values()) {
      if (relation.kind !== 'i' || relation.table === null) continue
      const own = byTable.get(relation.table) ?? new Map<number, RelationState>()
      byTable.set(relation.table, own.set(relation.oid, relation))
    }
  }
  return new Map([...byTable].map(([table, own]) => [table, [...own.values()]]))
}

type Work = Required<Pick<TracedRelation, 'rewritten' | 'indexBuilt' | 'indexLocked' | 'scanned' | 'emptied'>>

function workOn(snapshots: Snapshots, was: RelationState, indexes: readonly RelationState[]): Work {
  const { base, after, before } = snapshots
  const indexLocked = indexes.some(
    ({ oid }) => base.relations.has(oid) && after.locks.get(oid) === 'ACCESS EXCLUSIVE' && isNewLock(snapshots, oid),
  )
  const is = after.relations.get(was.oid)
  if (is === undefined || !HAS_FILE.has(was.kind)) {
    return { ...NO_WORK, indexLocked }
  }
  const newFile = is.file !== was.file
  const scans = is.scans - was.scans
  const standing = indexes.filter(({ oid }) => after.relations.has(oid))
  const indexScans = sum(standing.map(({ oid, scans }) => scans - (before.relations.get(oid)?.scans ?? 0)))
  // TRUNCATE reads the table, empty by then, once for each index; whatever copies rows reads them once more.
  const emptied =
    was.kind === 'm'
      ? newFile && !is.populated
      : newFile && is.tablespace === was.tablespace && scans <= standing.length && indexScans <= 0
  if (emptied) return { ...NO_WORK, indexLocked, emptied }
  const files = new Set(indexes.map(({ oid }) => before.relations.get(oid)?.file))
  // An index that keeps its file through ALTER TABLE was not built again, though it has a new oid.
  const indexBuilt = standing.some(({ file }) => !files.has(file))
  return { rewritten: newFile, indexBuilt, indexLocked, scanned: scans > 0, emptied }
}

const NO_WORK = { rewritten: false, indexBuilt: false, scanned: false, emptied: false }

/** Kinds whose rows are in a file of their own and are counted as they are read. */
const HAS_FILE = new Set(['r', 'm'])

function isNewLock({ before, after }: Snapshots, oid: number): boolean {
  return isStronger(after.locks.get(oid) ?? null, before.locks.get(oid) ?? null)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, it) => total + it, 0)
}

function lostRelations(snapshots: Snapshots): LostObject[] {
  const { base, before, after } = snapshots
  const isGone = (oid: number) => before.relations.has(oid) && !after.relations.has(oid)
  const lost: LostObject[] = []
  for (const relation of before.relations.values()) {
    const { oid, kind, table } = relation
    if (after.relations.has(oid) || !isOld(base, relation)) continue
    // What goes with its table or column is their loss; where an IDENTITY stood, the column's maximum tells.
    if (table !== null && (isGone(table) || isColumnGone(after, relation) || relation.identity)) continue
    const isIndex = kind === 'i' || kind === 'I'
    if (isIndex && standsAgain(after, relation)) continue
    const owner = isIndex ? before.relations.get(table ?? 0) : relation
    lost.push({ ...nothing, kind: lostKind(relation), name: qualified(relation), relation: nameOf(owner ?? relation) })
  }
  return lost
}

function isColumnGone(after: Snapshot, { kind, table, column }: RelationState): boolean {
  return kind === 'S' && !after.columns.get(table ?? 0)?.some(({ number }) => number === column)
}

/** ALTER TABLE drops and makes indexes and constraints again under their names. */
function standsAgain(after: Snapshot, { table, name }: RelationState): boolean {
  return [...after.relations.values()].some((it) => it.table === table && it.name === name)
}

const nothing = { relation: null, column: null, generated: false } as const

function lostKind({ kind, partition }: RelationState): LostObject['kind'] {
  switch (kind) {
    case 'v':
      return 'view'
    case 'm':
      return 'materialized-view'
    case 'S':
      return 'sequence'
    case 'i':
    case 'I':
      return 'index'
    default:
      if (partition) return 'partition'
      return kind === 'f' ? 'foreign-table' : 'table'
  }
}

function lostColumns(snapshots: Snapshots): LostObject[] {
  return oldColumns(snapshots).flatMap(({ table, was, is }) =>
    is !== undefined
      ? []
      : [
          {
            kind: 'column' as const,
            name: `${qualified(table)}.${was.name}`,
            relation: nameOf(table),
            column: was.name,
            generated: was.generated !== null,
          },
        ],
  )
}

function retypedColumns(snapshots: Snapshots): RetypedColumn[] {
  return oldColumns(snapshots).flatMap(({ table, was, is }) =>
    is === undefined || is.typeKey === was.typeKey
      ? []
      : [{ relation: nameOf(table), column: was.name, from: was.type, to: is.type }],
  )
}

interface OldColumn {
  readonly table: RelationState
  readonly was: ColumnState
  readonly is: ColumnState | undefined
}

/** Columns that were there before the transaction, of tables that still stand and were touched. */
function oldColumns({ base, before, after }: Snapshots): OldColumn[] {
  const found: OldColumn[] = []
  for (const [oid, columns] of before.columns) {
    const table = before.relations.get(oid)
    const now = after.columns.get(oid)
    // Where nothing was read again, it is the same list.
    if (table === undefined || now === undefined || now === columns || !isOld(base, table)) continue
    const inBase = new Set(base.columns.get(oid)?.map(({ number }) => number))
    for (const was of columns) {
      if (inBase.has(was.number)) found.push({ table, was, is: now.find(({ number }) => number === was.number) })
    }
  }
  return found
}

function lostObjects({ base, before, after }: Snapshots): LostObject[] {
  const named = new Set([...after.objects.values()].map(({ kind, relation, name }) => `${kind} ${relation} ${name}`))
  const lost: LostObject[] = []
  for (const [key, object] of before.objects) {
    if (after.objects.has(key) || !base.objects.has(key)) continue
    const { kind, name, relation } = object
    const table = before.relations.get(relation ?? 0)
    if (relation !== null && (table === undefined || !after.relations.has(relation))) continue
    if (relation !== null && named.has(`${kind} ${relation} ${name}`)) continue
    const where = table === undefined ? object.schema : qualified(table)
    lost.push({
      ...nothing,
      kind,
      name: where === null ? name : `${where}.${name}`,
      relation: table === undefined ? null : nameOf(table),
    })
  }
  return lost
}

function nameOf({ schema, name }: RelationState): RelationName {
  return { schema, name }
}

function qualified({ schema, name }: RelationState): string {
  return `${schema}.${name}`
}
