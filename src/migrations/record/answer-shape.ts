import type { Node } from 'libpg-query'
import { type ParsedStatement, parseSql, SqlSyntaxError } from '../sql/parse-sql.ts'

/** What a query is answered with besides success. */
export interface AnswerShape {
  readonly rows: boolean
  readonly count: boolean
}

/** Tells what node-postgres would return for a query; for a text of several statements, Kysely sees neither. */
export function answerShape(sql: string): AnswerShape {
  const statements = parse(sql)
  const [only] = statements
  if (only === undefined || statements.length > 1) return { rows: false, count: false }
  return shapeOf(only.node)
}

/** What only the server can read may answer with anything. */
const UNKNOWN: AnswerShape = { rows: true, count: true }

function parse(sql: string): readonly Pick<ParsedStatement, 'node'>[] {
  try {
    return parseSql(sql)
  } catch (error) {
    if (error instanceof SqlSyntaxError) return [{ node: { ExecuteStmt: {} } }]
    throw error
  }
}

function shapeOf(node: Node): AnswerShape {
  if ('SelectStmt' in node) return { rows: node.SelectStmt.intoClause === undefined, count: false }
  if ('InsertStmt' in node) return { rows: node.InsertStmt.returningClause !== undefined, count: true }
  if ('UpdateStmt' in node) return { rows: node.UpdateStmt.returningClause !== undefined, count: true }
  if ('DeleteStmt' in node) return { rows: node.DeleteStmt.returningClause !== undefined, count: true }
  if ('MergeStmt' in node) return { rows: node.MergeStmt.returningClause !== undefined, count: true }
  if ('ExecuteStmt' in node) return UNKNOWN
  return { rows: ANSWERS_WITH_ROWS.some((kind) => kind in node), count: false }
}

const ANSWERS_WITH_ROWS = ['ExplainStmt', 'VariableShowStmt', 'FetchStmt', 'CallStmt']
