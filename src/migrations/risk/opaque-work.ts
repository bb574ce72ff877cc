import { LOCK_MODES } from '../../model/finding.ts'
import { keepsValues } from './kept-values.ts'
import { heldValues } from './lost-objects.ts'
import type { Statement } from './statement.ts'
import { running } from './syntax/nodes.ts'
import { isSameTable, tableOf } from './syntax/tables.ts'
import type { StatementTrace, TracedRelation } from './trace-facts.ts'
import { parseFormattedType } from './type-change.ts'

/** What a server saw of code that nobody can read. */
export interface OpaqueWork {
  /** Old tables that are held in a way that allows to write them, but for those that the statement itself says it writes. */
  readonly written: readonly TracedRelation[]
  /** Whether values are seen to be gone; those of rows cannot be seen, for there are none. */
  readonly loses: boolean
  /** Nothing is gone, and nothing old was held in a way that allows to write it. */
  readonly isClean: boolean
}

/** Reads from the trace of a statement what its hidden code did. */
export function opaqueWork({ node }: Statement, { relations, lost, retyped }: StatementTrace): OpaqueWork {
  const own = (['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'] as const).flatMap((kind) =>
    running(node, kind).map(({ relation }) => tableOf(relation)),
  )
  const written = relations.filter(
    // An INSERT holds the sequences of its table so; their positions are a rule's of its own.
    (it) => it.kind !== 'sequence' && mayWrite(it) && !own.some((table) => isSameTable(table, it)),
  )
  const converts = retyped.some(
    ({ from, to }) => !keepsValues(parseFormattedType(from), parseFormattedType(to), 'explicit'),
  )
  return {
    written,
    loses: lost.some(heldValues) || converts,
    isClean: written.length === 0 && lost.length === 0 && retyped.length === 0,
  }
}

function mayWrite({ lock }: TracedRelation): boolean {
  return lock !== null && LOCK_MODES.indexOf(lock) >= LOCK_MODES.indexOf('ROW EXCLUSIVE')
}
