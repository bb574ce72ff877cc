import type { Node } from 'libpg-query'

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
