import { createHash } from 'node:crypto'
import { FleetError } from '../../model/errors.ts'
import type { Migration } from '../migration.ts'
import type { RecordedQuery } from '../record/recording.ts'
import { SqlSyntaxError } from '../sql/parse-sql.ts'
import { compileQuery, QueryRefusal } from './compile-query.ts'
import type { CompiledMigration, CompiledStatement } from './compiled-migration.ts'
import { showPosition } from './show-position.ts'

/**
 * Turns what a static migration sends into the statements that every tenant gets.
 * @throws FleetError MIGRATION_INVALID naming file, line and statement: SQL that does not parse, with the place shown; a NUL
 * byte; several statements with parameters
 */
export function compileMigration(
  migration: Pick<Migration, 'name' | 'file'>,
  queries: readonly RecordedQuery[],
): CompiledMigration {
  const statements: CompiledStatement[] = []
  for (const query of queries) {
    try {
      statements.push(...compileQuery(query))
    } catch (error) {
      throw refusal(error, query, { file: migration.file, number: statements.length + 1 })
    }
  }
  return { migration: migration.name, statements, checksum: checksumOf(statements) }
}

function checksumOf(statements: readonly CompiledStatement[]): string {
  // As JSON, in which no statement can look like two.
  return createHash('sha256')
    .update(JSON.stringify(statements.map(({ sql }) => sql)))
    .digest('hex')
}

function refusal(error: unknown, { sql, line }: RecordedQuery, { file, number }: { file: string; number: number }) {
  const where = `${line === null ? file : `${file}:${line}`}: Statement ${number}`
  if (error instanceof QueryRefusal) {
    return new FleetError('MIGRATION_INVALID', `${where} ${error.message}.`, { cause: error })
  }
  if (!(error instanceof SqlSyntaxError)) return error
  const place = `line ${error.line}, column ${error.column} of its SQL`
  const message = `${where} does not parse: ${error.message} (${place}).\n${showPosition(sql, error.position)}`
  return new FleetError('MIGRATION_INVALID', message, { cause: error })
}
