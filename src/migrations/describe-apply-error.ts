import { classifySqlstate, isServerAway } from '../postgres/sqlstate.ts'
import type { ApplyError } from './apply-error.ts'
import type { ApplyOutcome } from './apply-outcome.ts'
import { lineInStack } from './describe-import-error.ts'
import type { Migration } from './migration.ts'

type Refusal = Exclude<ApplyOutcome, { kind: 'applied' }>

/** Says what stopped a migration as the outcome of a tenant run: its class by SQLSTATE, and what may be shown of it. */
export function describeApplyError(
  error: ApplyError,
  migration: Migration | undefined,
  history: readonly string[] | null,
): Refusal {
  const sqlstate = error.sqlstate ?? null
  const place = migration === undefined ? undefined : placeIn(migration, error.cause)
  // What the server says names no line; what the migration itself threw is found by it.
  const where = migration !== undefined && error.place !== undefined ? statementIn(migration, error) : place
  const told = where !== undefined && (sqlstate === null || error.place !== undefined)
  const atCommit = error.phase === 'commit' && sqlstate !== null && !error.connectionLost
  const message = firstLine(error.message) + (told ? ` (${where})` : atCommit ? ' (at COMMIT)' : '')
  return {
    kind: kindOf(error),
    phase: error.phase,
    migration: migration?.name ?? null,
    sqlstate,
    message,
    detail: detailOf(error, place),
    history,
  }
}

function kindOf({ sqlstate, phase }: ApplyError): Refusal['kind'] {
  // Not even a connection, and no word from the server: a name that does not resolve, a certificate. It may pass.
  if (sqlstate === undefined) return phase === 'connect' ? 'error' : 'failure'
  // Later, it may be this tenant's own doing that the connection ended.
  if (phase === 'connect' && isServerAway(sqlstate)) return 'server-away'
  const found = classifySqlstate(sqlstate)
  return found === 'done' ? 'failure' : found
}

function detailOf({ cause, statement, sqlstate }: ApplyError, place: string | undefined): string | null {
  const lines = [
    ...(statement === undefined ? [] : [statement]),
    ...(sqlstate !== undefined && place !== undefined ? [`at ${place}`] : []),
    ...(['detail', 'hint', 'where'] as const).flatMap((field) => textOf(cause, field)),
  ]
  return lines.length === 0 ? null : lines.join('\n')
}

function textOf(cause: unknown, field: string): string[] {
  const value: unknown = cause instanceof Error ? Reflect.get(cause, field) : undefined
  return typeof value === 'string' ? [value] : []
}

/** Number, place and beginning of a recorded statement: it is the migration's own text, and holds nobody's data. */
function statementIn({ file }: Migration, { place, statement = '' }: ApplyError): string {
  const { number, line, position } = place ?? { number: 0, line: null, position: null }
  const text = statement.replaceAll(/\s+/g, ' ')
  const excerpt = text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text
  const at = position === null ? '' : ` at character ${position}`
  return `statement ${number}${at}, ${file}${line === null ? '' : `:${line}`}: ${excerpt}`
}

/** In characters. */
const EXCERPT = 80

function placeIn({ file, path }: Migration, cause: unknown): string | undefined {
  const line = cause instanceof Error ? lineInStack(cause, path) : undefined
  return line === undefined ? undefined : `${file}:${line}`
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message
}
