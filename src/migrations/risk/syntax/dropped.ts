import type { DropStmt, Node, ObjectType } from 'libpg-query'
import type { TableRef } from '../rule.ts'
import { contentOf, wordsOf } from './nodes.ts'
import { tableNamed } from './tables.ts'

/** An object that a DROP names. */
export interface DroppedObject {
  /** For a trigger, policy or rule: its own name. */
  readonly ref: TableRef
  /** The table of a trigger, policy or rule. */
  readonly table: TableRef | null
}

/** Returns a DROP of objects of one of these types. */
export function dropOf(node: Node | null, ...types: readonly ObjectType[]): DropStmt | undefined {
  const drop = contentOf(node, 'DropStmt')
  return drop?.removeType !== undefined && types.includes(drop.removeType) ? drop : undefined
}

/** Returns what a DROP names, in order. */
export function droppedObjects(drop: DropStmt | undefined): readonly DroppedObject[] {
  const belongsToTable = drop?.removeType !== undefined && OF_A_TABLE.has(drop.removeType)
  return (drop?.objects ?? []).map((object) => {
    const words = wordsIn(object)
    return belongsToTable
      ? { ref: tableNamed(words.slice(-1)), table: tableNamed(words.slice(0, -1)) }
      : { ref: tableNamed(words), table: null }
  })
}

const OF_A_TABLE: ReadonlySet<ObjectType> = new Set(['OBJECT_TRIGGER', 'OBJECT_POLICY', 'OBJECT_RULE'] as const)

function wordsIn(object: Node): readonly string[] {
  const list =
    contentOf(object, 'List')?.items ??
    contentOf(object, 'TypeName')?.names ??
    contentOf(object, 'ObjectWithArgs')?.objname
  return wordsOf(list ?? [object])
}
