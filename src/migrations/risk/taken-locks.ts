import type { AlterTableType, Node } from 'libpg-query'
import { LOCK_MODES, type LockMode } from '../../model/finding.ts'
import type { TableRef } from './rule.ts'
import { addedForeignKeys } from './syntax/added.ts'
import { type TableChange, tableChanges } from './syntax/alter-table.ts'
import { dropOf, droppedObjects } from './syntax/dropped.ts'
import { contentOf, contentsOf, isOptionOn, running } from './syntax/nodes.ts'
import { tableOf } from './syntax/tables.ts'

/** A lock on a table. */
export interface TableLock {
  readonly table: TableRef
  readonly lock: LockMode
}

/** Says whether a lock is at least as strong as another. */
export function isAtLeast(lock: LockMode, other: LockMode): boolean {
  return LOCK_MODES.indexOf(lock) >= LOCK_MODES.indexOf(other)
}

/**
 * Returns the locks that a statement takes on the tables which it names, as PostgreSQL 18 does; a table may come twice.
 * Tables that only the catalog knows (partitions, what a CASCADE reaches) are not among them.
 */
export function takenLocks(node: Node | null): readonly TableLock[] {
  return [
    ...ofAlterTable(node),
    ...addedForeignKeys(node).map(({ referenced }) => hold(referenced, 'SHARE ROW EXCLUSIVE')),
    ...ofDrop(node),
    ...ofDefinition(node),
    ...ofMaintenance(node),
    ...ofData(node),
  ]
}

function hold(table: TableRef, lock: LockMode): TableLock {
  return { table, lock }
}

function ofAlterTable(node: Node | null): readonly TableLock[] {
  return tableChanges(node).flatMap((change) => {
    const other = contentOf(change.command.def, 'PartitionCmd')?.name
    return [hold(change.table, lockOfChange(change)), ...(other ? [hold(tableOf(other), 'ACCESS EXCLUSIVE')] : [])]
  })
}

const SHARE_UPDATE: ReadonlySet<AlterTableType> = new Set([
  'AT_SetStatistics',
  'AT_SetOptions',
  'AT_ResetOptions',
  'AT_ClusterOn',
  'AT_DropCluster',
  'AT_ValidateConstraint',
  'AT_AttachPartition',
  'AT_DetachPartitionFinalize',
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
])
const SHARE_ROW: ReadonlySet<AlterTableType> = new Set([
  'AT_EnableTrig',
  'AT_EnableAlwaysTrig',
  'AT_EnableReplicaTrig',
  'AT_EnableTrigAll',
  'AT_EnableTrigUser',
  'AT_DisableTrig',
  'AT_DisableTrigAll',
  'AT_DisableTrigUser',
])

function lockOfChange({ type, command, constraint }: TableChange): LockMode {
  const isConcurrent = contentOf(command.def, 'PartitionCmd')?.concurrent === true
  if (type === undefined || isConcurrent || SHARE_UPDATE.has(type)) return 'SHARE UPDATE EXCLUSIVE'
  if (SHARE_ROW.has(type) || constraint?.contype === 'CONSTR_FOREIGN') return 'SHARE ROW EXCLUSIVE'
  return 'ACCESS EXCLUSIVE'
}

function ofDrop(node: Node | null): readonly TableLock[] {
  const relations = dropOf(node, 'OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW')
  const parts = dropOf(node, 'OBJECT_TRIGGER', 'OBJECT_POLICY', 'OBJECT_RULE')
  return [
    ...droppedObjects(relations).map(({ ref }) => hold(ref, 'ACCESS EXCLUSIVE')),
    ...droppedObjects(parts).flatMap(({ table }) => (table ? [hold(table, 'ACCESS EXCLUSIVE')] : [])),
  ]
}

function ofDefinition(node: Node | null): readonly TableLock[] {
  const index = contentOf(node, 'IndexStmt')
  const trigger = contentOf(node, 'CreateTrigStmt')?.relation
  const created = contentOf(node, 'CreateStmt')
  const parents = contentsOf(created?.inhRelations, 'RangeVar')
  const exclusive = [
    contentOf(node, 'CreatePolicyStmt')?.table,
    contentOf(node, 'AlterPolicyStmt')?.table,
    contentOf(node, 'RuleStmt')?.relation,
    contentOf(node, 'AlterObjectSchemaStmt')?.relation,
    renamed(node),
  ]
  return [
    ...(index ? [hold(tableOf(index.relation), index.concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE')] : []),
    ...(trigger ? [hold(tableOf(trigger), 'SHARE ROW EXCLUSIVE')] : []),
    ...parents.map((parent) =>
      hold(tableOf(parent), created?.partbound ? 'ACCESS EXCLUSIVE' : 'SHARE UPDATE EXCLUSIVE'),
    ),
    ...exclusive.flatMap((relation) => (relation ? [hold(tableOf(relation), 'ACCESS EXCLUSIVE')] : [])),
  ]
}

function renamed(node: Node | null) {
  const { renameType, relation } = contentOf(node, 'RenameStmt') ?? {}
  return renameType === 'OBJECT_INDEX' ? undefined : relation
}

function ofMaintenance(node: Node | null): readonly TableLock[] {
  const vacuum = contentOf(node, 'VacuumStmt')
  const refresh = contentOf(node, 'RefreshMatViewStmt')
  const cluster = contentOf(node, 'ClusterStmt')?.relation
  const lock = contentOf(node, 'LockStmt')
  const truncated = contentOf(node, 'TruncateStmt')?.relations
  const reindex = contentOf(node, 'ReindexStmt')
  const reindexed = reindex?.kind === 'REINDEX_OBJECT_TABLE' ? reindex.relation : undefined
  const full = vacuum && isOptionOn(vacuum.options, 'full')
  return [
    ...contentsOf(vacuum?.rels, 'VacuumRelation').map(({ relation }) =>
      hold(tableOf(relation), full ? 'ACCESS EXCLUSIVE' : 'SHARE UPDATE EXCLUSIVE'),
    ),
    ...(refresh ? [hold(tableOf(refresh.relation), refresh.concurrent ? 'EXCLUSIVE' : 'ACCESS EXCLUSIVE')] : []),
    ...(cluster ? [hold(tableOf(cluster), 'ACCESS EXCLUSIVE')] : []),
    ...(reindexed ? [hold(tableOf(reindexed), 'SHARE')] : []),
    ...contentsOf(lock?.relations, 'RangeVar').map((it) => hold(tableOf(it), lockMode(lock?.mode))),
    ...contentsOf(truncated, 'RangeVar').map((it) => hold(tableOf(it), 'ACCESS EXCLUSIVE')),
  ]
}

/** Returns the mode behind the number that the parser gives it: 1 to 8, weakest first. */
export function lockMode(number: number | undefined): LockMode {
  return LOCK_MODES[(number ?? LOCK_MODES.length) - 1] ?? 'ACCESS EXCLUSIVE'
}

function ofData(node: Node | null): readonly TableLock[] {
  const targets = [
    ...running(node, 'InsertStmt'),
    ...running(node, 'UpdateStmt'),
    ...running(node, 'DeleteStmt'),
    ...running(node, 'MergeStmt'),
  ]
  return targets.map(({ relation }) => hold(tableOf(relation), 'ROW EXCLUSIVE'))
}
