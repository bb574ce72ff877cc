import type { Node } from 'libpg-query'
import type { RuleContext, TableRef } from './rule.ts'
import { dropOf, droppedObjects } from './syntax/dropped.ts'
import { runsAlone } from './syntax/runs-alone.ts'
import { isSameTable } from './syntax/tables.ts'
import { isAtLeast, type TableLock, takenLocks } from './taken-locks.ts'
import { refOf } from './traced-facts.ts'

/** Returns what earlier statements of the same transaction hold on tables that others use, as seen by the trace or else as named. */
export function heldLocks({ statements, index, inTransaction, madeHere, traces }: RuleContext): readonly TableLock[] {
  if (!inTransaction) return []
  const earlier = statements.slice(0, index)
  const begin = 1 + earlier.findLastIndex(({ node }) => node !== null && isAlone(node))
  const dropped = earlier.flatMap(({ node }) => (node === null ? [] : droppedBy(node)))
  return earlier
    .slice(begin)
    .flatMap(({ node }, at) => {
      const trace = traces?.[begin + at]
      if (trace?.kind !== 'traced') return node === null ? [] : takenBy(node)
      return trace.facts.relations.flatMap(({ schema, name, lock, lockIsNew }) =>
        lock && lockIsNew ? [{ table: refOf({ schema, name }), lock }] : [],
      )
    })
    .filter(({ table }) => !madeHere.table(table) && !dropped.some((it) => isSameTable(it, table)))
}

/** Returns the strongest lock that earlier statements of the same transaction hold on a table. */
export function heldLock(context: RuleContext, table: TableRef): TableLock['lock'] | undefined {
  return heldLocks(context)
    .filter((held) => isSameTable(held.table, table))
    .map(({ lock }) => lock)
    .reduce<TableLock['lock'] | undefined>((best, lock) => (best && isAtLeast(best, lock) ? best : lock), undefined)
}

/** Each statement is asked for by all that come after it, and there may be thousands. */
function oncePerNode<T>(of: (node: Node) => T): (node: Node) => T {
  const known = new WeakMap<Node, { readonly value: T }>()
  return (node) => {
    const found = known.get(node) ?? { value: of(node) }
    known.set(node, found)
    return found.value
  }
}

const takenBy = oncePerNode(takenLocks)
const droppedBy = oncePerNode(droppedTables)
const isAlone = oncePerNode(runsAlone)

/** Nobody waits for what is gone: who uses it fails. */
function droppedTables(node: Node | null): readonly TableRef[] {
  return droppedObjects(dropOf(node, 'OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW')).map(({ ref }) => ref)
}
