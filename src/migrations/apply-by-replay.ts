import type { Client } from '../postgres/connect.ts'
import { sendScript } from '../postgres/send-script.ts'
import { SQLSTATE, sqlstateOf } from '../postgres/sqlstate.ts'
import { ApplyError, applyError, refusal } from './apply-error.ts'
import type { ApplyPhase } from './apply-outcome.ts'
import { type MessagePart, messageText, type RecordedFrame, replayMessage, stoppedAt } from './replay-message.ts'

/**
 * Sends recorded migrations as one message. Tells of each that is committed, as its COMMIT is answered.
 * @throws ApplyError naming the statement that failed; what was told of before stays. When its `connectionLost` is
 *   set, nobody knows how far the server went.
 */
export async function applyByReplay(
  client: Client,
  frames: readonly RecordedFrame[],
  onCommitted: (migration: string) => void,
): Promise<void> {
  const parts = replayMessage(frames)
  let completed = 0
  try {
    await sendScript(client, messageText(parts), (count) => {
      completed = count
      for (const migration of parts[count - 1]?.commits ?? []) onCommitted(migration)
    })
  } catch (error) {
    const failure = describe(error, parts, completed)
    if (!failure.connectionLost) await client.query('rollback').catch(() => {})
    throw failure
  }
}

const PHASES: Readonly<Record<MessagePart['kind'], ApplyPhase>> = {
  open: 'history',
  lock: 'lock',
  check: 'history',
  journal: 'history',
  statement: 'statement',
  record: 'history',
  commit: 'commit',
}

function describe(error: unknown, parts: readonly MessagePart[], completed: number): ApplyError {
  const stopped = stoppedAt(parts, { completed, position: positionIn(error) })
  const { part } = stopped
  const { statement } = part ?? {}
  // What our own conditions raise; anything else that goes wrong there has its own code.
  if (sqlstateOf(error) === SQLSTATE.invalidText) {
    if (part?.kind === 'lock') return refusal('lock', SQLSTATE.busy, 'Another process is migrating this database.')
    if (part?.kind === 'journal') return new ApplyError('history', STOPPED_HALF_WAY)
    if (part?.kind === 'check') return refusal('history', SQLSTATE.historyMoved, 'The history is not the expected one.')
  }
  if (part === undefined || statement === undefined) return applyError(PHASES[part?.kind ?? 'open'], error)
  return new ApplyError('statement', error instanceof Error ? error.message : String(error), {
    cause: error,
    migration: part.migration,
    statement: statement.sql,
    place: { number: part.number, line: statement.line, position: stopped.position ?? null },
  })
}

const STOPPED_HALF_WAY =
  'A migration outside a transaction has stopped half-way in this database: nothing before it can be taken back.'

/** In characters of the whole message, from 1. */
function positionIn(error: unknown): number | undefined {
  const position: unknown = error instanceof Error ? Reflect.get(error, 'position') : undefined
  return typeof position === 'string' ? Number(position) : undefined
}
