import type { CompiledQuery } from 'kysely'
import { prepareValue } from '../../postgres/prepare-value.ts'
import type { Migration } from '../migration.ts'
import { compileMigration } from './compile-migration.ts'
import type { CompiledMigration } from './compiled-migration.ts'

/**
 * Compares what a tenant was sent with what is recorded, byte for byte; undefined: it is the same. The answer quotes the
 * recording only: what was sent may hold the tenant's data.
 */
export function deviationFrom(
  recorded: CompiledMigration,
  sent: readonly CompiledQuery[],
  migration: Migration,
): string | undefined {
  const own = statementsOf(sent, migration)
  if (own === undefined) return 'A value that was sent cannot be written as a literal.'
  const at = recorded.statements.findIndex(({ sql }, index) => own[index] !== sql)
  if (at < 0)
    return own.length > recorded.statements.length ? tooMany(recorded.statements.length, own.length) : undefined
  const expected = excerpt(recorded.statements[at]?.sql ?? '')
  return own[at] === undefined
    ? `Only ${own.length} statements were sent; the recording goes on with: ${expected}`
    : `Statement ${at + 1} was another one than recorded: ${expected}`
}

function tooMany(recorded: number, sent: number): string {
  return `${sent} statements were sent; the recording has ${recorded}.`
}

function statementsOf(sent: readonly CompiledQuery[], migration: Migration): readonly string[] | undefined {
  try {
    const queries = inUtc(() =>
      sent.map(({ sql, parameters }) => ({ sql, parameters: parameters.map(prepareValue), line: null })),
    )
    return compileMigration(migration, queries).statements.map(({ sql }) => sql)
  } catch {
    return undefined
  }
}

/** node-postgres writes a Date in the time zone of its process; the recorder's is UTC. */
function inUtc<T>(run: () => T): T {
  const { TZ } = process.env
  process.env.TZ = 'UTC'
  try {
    return run()
  } finally {
    if (TZ === undefined) delete process.env.TZ
    else process.env.TZ = TZ
  }
}

/** In characters. */
const LONGEST = 200

function excerpt(sql: string): string {
  const line = sql.replaceAll(/\s+/g, ' ')
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line
}
