import type { Node } from 'libpg-query'
import type { TableRef } from './rule.ts'
import { contentOf, running } from './syntax/nodes.ts'
import { tableOf } from './syntax/tables.ts'

/** Returns the tables whose rows a query reads, or looks through for those to change; none for statements of DDL. */
export function tablesRead(node: Node | null): readonly TableRef[] {
  if (!QUERIES.some((kind) => contentOf(node, kind) !== undefined)) return []
  const ctes = new Set(running(node, 'CommonTableExpr').map(({ ctename }) => ctename))
  const changed = [...running(node, 'UpdateStmt'), ...running(node, 'DeleteStmt'), ...running(node, 'MergeStmt')]
  return [...changed.map(({ relation }) => relation), ...running(node, 'RangeVar')]
    .filter((range) => range?.schemaname !== undefined || !ctes.has(range?.relname))
    .map(tableOf)
}

const QUERIES = [
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'CreateTableAsStmt',
  'ExplainStmt',
] as const
