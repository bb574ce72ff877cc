import type { Node } from 'libpg-query'
import { conditionOutcome } from './constant-condition.ts'
import type { RuleContext, TableRef } from './rule.ts'
import { contentsOf, running } from './syntax/nodes.ts'
import { isTemporary, tableOf } from './syntax/tables.ts'

/** What a statement does to rows that are there already. */
export interface RowChange {
  readonly kind: 'delete' | 'update' | 'merge' | 'upsert'
  readonly table: TableRef
  /** Whether no row is spared. */
  readonly everyRow: boolean
  /** Whether rows go, or only get other values. */
  readonly deletes: boolean
  /** Columns that get other values. */
  readonly columns: readonly string[]
}

/** Returns the changes of rows that a statement makes, also in WITH, EXPLAIN ANALYZE and COPY; none of rows that it adds. */
export function rowChanges(node: Node | null): readonly RowChange[] {
  return [...deletes(node), ...updates(node), ...merges(node), ...upserts(node)]
}

/** Returns the changes of that kind that cost somebody values: not those of columns that the migration itself added. */
export function harmfulChanges(
  node: Node | null,
  kind: RowChange['kind'],
  { madeHere }: Pick<RuleContext, 'madeHere'>,
): readonly RowChange[] {
  return rowChanges(node).filter(
    (change) =>
      change.kind === kind && (change.deletes || change.columns.some((it) => !madeHere.column(change.table, it))),
  )
}

function deletes(node: Node | null): readonly RowChange[] {
  return running(node, 'DeleteStmt').flatMap(({ relation, whereClause }) => {
    const outcome = conditionOutcome(whereClause)
    if (outcome === 'never' || isTemporary(relation)) return []
    return [
      { kind: 'delete' as const, table: tableOf(relation), everyRow: outcome === 'always', deletes: true, columns: [] },
    ]
  })
}

function updates(node: Node | null): readonly RowChange[] {
  return running(node, 'UpdateStmt').flatMap((update) => {
    const outcome = conditionOutcome(update.whereClause)
    const columns = namesOf(update.targetList)
    if (outcome === 'never') return []
    const table = tableOf(update.relation)
    return [{ kind: 'update' as const, table, everyRow: outcome === 'always', deletes: false, columns }]
  })
}

function merges(node: Node | null): readonly RowChange[] {
  return running(node, 'MergeStmt').flatMap(({ relation, mergeWhenClauses }) => {
    const branches = contentsOf(mergeWhenClauses, 'MergeWhenClause')
    const deletes = branches.some(({ commandType }) => commandType === 'CMD_DELETE')
    const columns = branches
      .filter(({ commandType }) => commandType === 'CMD_UPDATE')
      .flatMap(({ targetList }) => namesOf(targetList))
    if (!deletes && columns.length === 0) return []
    return [{ kind: 'merge' as const, table: tableOf(relation), everyRow: false, deletes, columns }]
  })
}

function upserts(node: Node | null): readonly RowChange[] {
  return running(node, 'InsertStmt').flatMap(({ relation, onConflictClause }) => {
    const { action, targetList, whereClause } = onConflictClause ?? {}
    const columns = namesOf(targetList)
    if (action !== 'ONCONFLICT_UPDATE' || conditionOutcome(whereClause) === 'never') return []
    return [{ kind: 'upsert' as const, table: tableOf(relation), everyRow: false, deletes: false, columns }]
  })
}

function namesOf(targets: readonly Node[] | undefined): readonly string[] {
  return contentsOf(targets, 'ResTarget').map(({ name = '' }) => name)
}
