import type { Node } from 'libpg-query'
import type { CompiledStatement } from '../compile/compiled-migration.ts'
import { parseSql } from '../sql/parse-sql.ts'

/** A statement of a migration as the rules look at it. */
export interface Statement {
  readonly sql: string
  /** The syntax tree: `{ AlterTableStmt: { … } }`. Null: the parser refuses what the server may take. */
  readonly node: Node | null
  /** Line in its file, from 1; null: not known. */
  readonly line: number | null
  /** Whether it was sent with parameters, `$1`, …, before they were inlined. */
  readonly parameters: boolean
}

/** Returns a compiled statement as the rules look at it. */
export function statementOf({ sql, line, parameters }: CompiledStatement): Statement {
  return { sql, line, parameters, node: parseSql(sql)[0]?.node ?? null }
}
