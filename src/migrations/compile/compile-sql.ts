import { FleetError } from '../../model/errors.ts'
import { parseSql, SqlSyntaxError } from '../sql/parse-sql.ts'
import type { CompiledStatement } from './compiled-migration.ts'
import { runsInTransaction } from './runs-in-transaction.ts'
import { showPosition } from './show-position.ts'

/**
 * Splits a file of plain SQL into its statements.
 * @throws FleetError MIGRATION_INVALID naming file and line, with the place shown, where it cannot be parsed
 */
export function compileSql(text: string, { file }: { readonly file: string }): readonly CompiledStatement[] {
  const lineAt = lineCounter(text)
  const nul = text.indexOf('\0')
  if (nul >= 0) throw new FleetError('MIGRATION_INVALID', `${file}:${lineAt(nul)}: The SQL holds a NUL byte.`)
  try {
    return parseSql(text).map(({ sql, node, start }) => ({
      sql,
      transactional: runsInTransaction(node),
      parameters: false,
      line: lineAt(start),
    }))
  } catch (error) {
    throw error instanceof SqlSyntaxError ? notParsed(error, text, file) : error
  }
}

function notParsed(error: SqlSyntaxError, text: string, file: string): FleetError {
  const where = `${file}:${error.line}:${error.column}`
  const place = showPosition(text, error.position)
  return new FleetError('MIGRATION_INVALID', `${where}: The SQL does not parse: ${error.message}.\n${place}`, {
    cause: error,
  })
}

/** Returns a function that tells the lines of ascending positions, in one pass over the text. */
function lineCounter(text: string): (position: number) => number {
  let line = 1
  let counted = 0
  return (position) => {
    for (let at = text.indexOf('\n', counted); at >= 0 && at < position; at = text.indexOf('\n', counted)) {
      line += 1
      counted = at + 1
    }
    return line
  }
}
