import { MIGRATION_LOCK } from '../postgres/advisory-lock.ts'
import { quoteLiteral } from '../postgres/identifiers.ts'
import type { CompiledMigration, CompiledStatement } from './compile/compiled-migration.ts'
import { BEGIN, cleanSession, type Frame, limits, recordFrame } from './frame.ts'
import { STEP_TABLE, tableName } from './history.ts'
import { ensureHistoryTables } from './history-tables.ts'

/** A frame and the migrations that it carries. */
export interface RecordedFrame {
  readonly frame: Frame
  readonly migrations: readonly CompiledMigration[]
}

/** One command of a message. */
export interface MessagePart {
  /** What it belongs to; of the beginning and the end of a frame: its first. */
  readonly migration: string
  /** What it commits. */
  readonly commits: readonly string[]
  readonly kind: 'open' | 'lock' | 'check' | 'journal' | 'statement' | 'record' | 'commit'
  readonly sql: string
  /** Of a `statement`: which of its migration's, from 1. */
  readonly number: number
  readonly statement: CompiledStatement | undefined
}

/**
 * Returns the commands that bring a tenant from one version to another, in the order in which they are sent, frame by
 * frame: each takes the lock, checks the whole history and records what it carries. The server stops at a `lock` that is
 * taken, at a `check` that finds another history than the expected one, and, before it takes something back, at a `journal`.
 */
export function replayMessage(frames: readonly RecordedFrame[]): readonly MessagePart[] {
  return frames.flatMap(({ frame, migrations }, index) => {
    const [first = ''] = frame.migrations
    const part = (kind: MessagePart['kind'], sql: string): MessagePart => ({
      migration: first,
      commits: kind === 'commit' ? frame.migrations : [],
      kind,
      sql,
      number: 0,
      statement: undefined,
    })
    return [
      // The end of a frame has taken the role back; settings may still be those of a migration.
      ...[BEGIN, ...(index === 0 ? cleanSession(frame.ownerRole) : ['reset all'])].map((sql) => part('open', sql)),
      part('lock', lock(frame)),
      ...(frame.expected.length === 0 ? [part('open', ensureHistoryTables(frame.tables))] : []),
      part('check', check(frame)),
      ...(frame.takesBack ? [part('journal', noJournal(frame))] : []),
      ...migrations.flatMap(({ migration, statements }) =>
        statements.map((statement, index) => ({
          ...part('statement', statement.sql),
          migration,
          number: index + 1,
          statement,
        })),
      ),
      ...recordFrame(frame).map((sql) => part('record', sql)),
      part('commit', 'commit'),
    ]
  })
}

/** Finds the command in which the server stopped, and where in it, in characters from 1, if it says so. */
export function stoppedAt(
  parts: readonly MessagePart[],
  { completed, position }: { readonly completed: number; readonly position: number | undefined },
): { readonly part: MessagePart | undefined; readonly position: number | undefined } {
  if (position === undefined) return { part: parts[completed], position }
  // A syntax error is found before the first command runs: only its position says whose it is.
  let start = 1
  for (const part of parts) {
    const length = [...part.sql].length + SEPARATOR.length
    if (position < start + length) return { part, position: position - start + 1 }
    start += length
  }
  return { part: parts[completed], position: undefined }
}

/** Joins commands into the text of one message. */
export function messageText(parts: readonly MessagePart[]): string {
  return parts.map(({ sql }) => sql).join(SEPARATOR)
}

// A comment at the end of a command must not swallow the semicolon.
const SEPARATOR = '\n;\n'

/**
 * Raises an error, with a text for the server's log, unless a condition holds. The client knows what it means by where the
 * server stopped. In PL/pgSQL it would have a code of its own, and cost each new backend more than many a migration.
 */
function require(condition: string, otherwise: string): string {
  // Not a constant, which the planner would convert, and fail at, whatever the condition.
  return `case when ${condition} then 0 else concat(${quoteLiteral(otherwise)})::int end`
}

/** Never waits for the lock: a waiter holds a snapshot, and deadlocks with an index build that waits for that. */
function lock(frame: Frame): string {
  const taken = require(`pg_try_advisory_xact_lock(${MIGRATION_LOCK})`, 'fleet: another process is migrating this database')
  return `select ${taken}, ${limits(frame)}`
}

/**
 * Compares the names as one text. In the order in which they lie in the table, which is that of execution until rows were
 * deleted or restored: a sort costs a new backend as much as all the rest of the check.
 */
function check({ expected, tables, historyRead }: Frame): string {
  // Once the history was read, all that is left to differ is the order.
  const order = historyRead ? ' order by name collate "C"' : ''
  const names = historyRead ? expected.toSorted(byCodePoint) : expected
  const condition = `coalesce(string_agg(name, e'\\n'${order}), '') = ${quoteLiteral(names.join('\n'))}`
  return `select ${require(condition, 'fleet: the history is not the expected one')} from ${tableName(tables)}`
}

/** What a migration outside a transaction has done half-way is in no history: nothing below it may be taken back. */
function noJournal({ tables }: Frame): string {
  const journal = quoteLiteral(tableName({ ...tables, table: STEP_TABLE }))
  return `select ${require(`to_regclass(${journal}) is null`, 'fleet: a migration has stopped half-way')}`
}

/** As the collation "C" sorts UTF-8. */
function byCodePoint(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
