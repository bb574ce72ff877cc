import type { Node } from 'libpg-query'
import type { Rule } from '../rule.ts'
import { contentOf } from '../syntax/nodes.ts'

export const parameterInDdl: Rule = {
  id: 'parameter-in-ddl',
  class: 'error',
  summary: 'Sends a parameter with a statement that takes none.',
  restorePoint: false,
  approval: 'refused',
  decidedBy: 'rule',
  find({ node, parameters }) {
    if (!parameters || node === null || takesParameters(node)) return []
    return [
      {
        message: "DDL takes no parameters: under Kysely's own Migrator this statement fails (08P01 or 42601).",
        help: 'Write the value into the statement: `sql.lit(value)` in the template.',
      },
    ]
  },
}

function takesParameters(node: Node): boolean {
  const filled = contentOf(node, 'CreateTableAsStmt')
  if (filled !== undefined)
    return filled.objtype !== 'OBJECT_MATVIEW' && contentOf(filled.query, 'ExecuteStmt') === undefined
  return Object.keys(node).some((kind) => PLANNED.has(kind))
}

/** Statements that PostgreSQL plans, and CALL, which takes parameters too. */
const PLANNED: ReadonlySet<string> = new Set([
  'CallStmt',
  'DeclareCursorStmt',
  'DeleteStmt',
  'ExplainStmt',
  'InsertStmt',
  'MergeStmt',
  'SelectStmt',
  'UpdateStmt',
])
