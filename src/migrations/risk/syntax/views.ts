import type { Node } from 'libpg-query'
import type { TableRef } from '../rule.ts'
import { contentOf } from './nodes.ts'
import { tableOf } from './tables.ts'

/** Returns the view that a statement makes, plain or materialized. */
export function viewsMade(node: Node | null): readonly TableRef[] {
  const filled = contentOf(node, 'CreateTableAsStmt')
  const view =
    contentOf(node, 'ViewStmt')?.view ?? (filled?.objtype === 'OBJECT_MATVIEW' ? filled.into?.rel : undefined)
  return view ? [tableOf(view)] : []
}
