import { createHash } from 'node:crypto'
import { quoteLiteral } from '../postgres/identifiers.ts'
import { SQLSTATE } from '../postgres/sqlstate.ts'
import type { CompiledMigration, CompiledStatement } from './compile/compiled-migration.ts'
import { beginFrame, type Frame, recordFrame } from './frame.ts'
import { tableName } from './history.ts'
import { makeHistoryTables } from './history-tables.ts'
import { MIGRATION_LOCK } from './migration-lock.ts'

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
  readonly kind: 'open' | 'statement' | 'record' | 'commit'
  readonly sql: string
  /** Of a `statement`: which of its migration's, from 1. */
  readonly number: number
  readonly statement: CompiledStatement | undefined
}

/**
 * Returns the commands that bring a tenant from one version to another, in the order in which they are sent, frame by
 * frame: each takes the lock, checks the whole history and records what it carries. A frame that finds the lock taken
 * raises KF002; one that finds another history than the expected one raises KF001.
 */
export function replayMessage(frames: readonly RecordedFrame[]): readonly MessagePart[] {
  return frames.flatMap(({ frame, migrations }) => {
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
      ...[...beginFrame(frame), lockAndCheck(frame)].map((sql) => part('open', sql)),
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

/** Never waits for the lock: a waiter holds a snapshot, and deadlocks with an index build that waits for that. */
function lockAndCheck({ expected, tables }: Frame): string {
  const names = `string_agg(name, e'\\n' order by name collate "C")`
  const body = `
begin
  if not pg_try_advisory_xact_lock(${MIGRATION_LOCK}) then
    raise exception using errcode = '${SQLSTATE.busy}', message = 'Another process is migrating this database.';
  end if;
  -- 17 and newer: it would end the connection, whatever our own limits say.
  if current_setting('transaction_timeout', true) is not null then
    perform set_config('transaction_timeout', '0', true);
  end if;${expected.length === 0 ? makeHistoryTables(tables) : ''}
  if (select sha256(convert_to(coalesce(${names}, ''), 'UTF8')) from ${tableName(tables)})
    <> ${quoteLiteral(`\\x${hashOfNames(expected)}`)}::bytea then
    raise exception using errcode = '${SQLSTATE.historyMoved}', message = 'The history is not the expected one.';
  end if;
end`
  return `do ${quoteLiteral(body)}`
}

/** As SHA-256: the names themselves, in each frame, would make long messages of long histories. */
function hashOfNames(names: readonly string[]): string {
  const sorted = names.map((name) => Buffer.from(name)).sort(Buffer.compare)
  return createHash('sha256').update(sorted.join('\n')).digest('hex')
}
