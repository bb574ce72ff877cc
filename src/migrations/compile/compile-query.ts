import type { Node } from 'libpg-query'
import type { RecordedQuery } from '../record/recording.ts'
import { type ParsedStatement, parseSql, SqlSyntaxError } from '../sql/parse-sql.ts'
import type { CompiledStatement } from './compiled-migration.ts'
import { inlineParameters } from './inline-parameters.ts'
import { runsInTransaction } from './runs-in-transaction.ts'

/** Why a query cannot be compiled, as the end of a sentence that begins with it. */
export class QueryRefusal extends Error {
  override readonly name = 'QueryRefusal'
}

/**
 * Splits a query into its statements and writes its parameters into it.
 * @throws SqlSyntaxError about the query's own text
 * @throws QueryRefusal
 */
export function compileQuery({ sql, parameters, line }: RecordedQuery): readonly CompiledStatement[] {
  if (sql.includes('\0') || parameters.some((value) => typeof value === 'string' && value.includes('\0'))) {
    throw new QueryRefusal('holds a NUL byte, which PostgreSQL cannot store in a text')
  }
  const statements = parameters.length === 0 ? parseSql(sql) : parseInlined(sql, parameters)
  return statements.map(({ sql, node }) => ({
    sql,
    transactional: runsInTransaction(node),
    parameters: parameters.length > 0,
    line,
  }))
}

function parseInlined(sql: string, parameters: RecordedQuery['parameters']): readonly ParsedStatement[] {
  const asSent = attempt(() => parseSql(sql))
  const inlined = attempt(() => parseSql(inlineParameters(sql, parameters)))
  if (inlined instanceof SqlSyntaxError) {
    if (asSent instanceof SqlSyntaxError) throw asSent
    throw new QueryRefusal(`does not parse with its parameters written into it: ${inlined.message}`)
  }
  // Where no parameter may stand, a literal may change the meaning: it goes on from the one on the line before. For utilities a rule says so.
  if (asSent instanceof SqlSyntaxError && !inlined.every(({ node }) => isUtility(node))) throw asSent
  if (inlined.length > 1)
    throw new QueryRefusal('is one of several in a query with parameters, which the server refuses')
  return inlined
}

function attempt<T>(run: () => T): T | SqlSyntaxError {
  try {
    return run()
  } catch (error) {
    if (error instanceof SqlSyntaxError) return error
    throw error
  }
}

/** Says whether a statement is none of those that the server plans, and that may have parameters. */
function isUtility(node: Node): boolean {
  return !['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'].some((kind) => kind in node)
}
