import { compileSql } from '../../../src/migrations/compile/compile-sql.ts'
import type { CompiledMigration } from '../../../src/migrations/compile/compiled-migration.ts'

/** Returns texts of SQL as a migration that can be traced and judged. */
export function compileCase(sql: readonly string[], migration: string): CompiledMigration {
  const statements = sql.flatMap((text) => compileSql(text, { file: migration }))
  return { migration, statements: statements.map((it) => ({ ...it, line: null })), checksum: '' }
}
