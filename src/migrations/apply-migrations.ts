import { failpoint } from '../lib/failpoint.ts'
import { SQLSTATE } from '../postgres/sqlstate.ts'
import { ApplyError, applyError, HistoryDiffers } from './apply-error.ts'
import type { ApplyOutcome } from './apply-outcome.ts'
import { ApplySession, type ApplySessionOptions } from './apply-session.ts'
import { describeApplyError } from './describe-apply-error.ts'
import { compareHistory } from './history.ts'
import { historyMoved } from './history-moved.ts'
import type { Migration } from './migration.ts'

export type { ApplyOutcome, ApplyPhase } from './apply-outcome.ts'

export interface ApplyOptions extends ApplySessionOptions {
  /** The tenant's history as the catalog has it, in order. */
  readonly expected: readonly string[]
  /** What is to be applied after it, in order. */
  readonly pending: readonly Migration[]
  /** Called after each migration's COMMIT. */
  readonly onApplied?: (migration: string) => void
  /** Given the closing of the connection, to be awaited there; left out: it is awaited here. */
  readonly onClosing?: ((closed: Promise<void>) => void) | undefined
}

/**
 * Brings one database from `expected` to `expected` plus `pending`, each migration in a frame of its own. The history
 * is not read first: the frame reads and compares it, and where it differs this goes on from where it really is. Safe to repeat after a crash at any point. Never throws for what the database or a migration does.
 */
export async function applyMigrations(options: ApplyOptions): Promise<ApplyOutcome> {
  const session = new ApplySession(options)
  const progress: Progress = { history: options.expected, applied: [], read: false }
  try {
    await applyAll(session, options, progress)
    return { kind: 'applied', history: progress.history, applied: progress.applied }
  } catch (error) {
    const failure = applyError('connect', error)
    const left = pendingOf(options, progress)
    return describeApplyError(
      failure,
      left.find(({ name }) => name === failure.migration) ?? left[0],
      progress.read || progress.applied.length > 0 ? progress.history : null,
    )
  } finally {
    const closed = session.close()
    if (options.onClosing) options.onClosing(closed)
    else await closed
  }
}

interface Progress {
  history: readonly string[]
  readonly applied: string[]
  /** Whether `history` was read from the database. */
  read: boolean
}

async function applyAll(session: ApplySession, options: ApplyOptions, progress: Progress): Promise<void> {
  const committed = (migration: string) => {
    if (!progress.history.includes(migration)) progress.history = [...progress.history, migration]
    progress.applied.push(migration)
    options.onApplied?.(migration)
    failpoint('run.migration-committed')
  }
  if (options.pending.length === 0) settle(await session.readHistory(), [], progress)
  let busySince: number | undefined
  let differed: readonly string[] | undefined
  for (;;) {
    const pending = pendingOf(options, progress)
    if (pending.length === 0) return
    try {
      await session.applyNext(pending, progress, committed)
    } catch (error) {
      if (!(error instanceof ApplyError)) throw error
      const left = pendingOf(options, progress)
      if (error.sqlstate === SQLSTATE.busy) {
        busySince ??= session.now()
        await session.waitForOurs(busySince)
      } else if (error instanceof HistoryDiffers) {
        settle(error.history, left, progress)
      } else if (error.foundOtherHistory && progress.history !== differed) {
        settle(await session.readHistory(), left, progress)
        // Should it be what the frame was told to expect, a second look would not change that.
        differed = progress.history
      } else if (error.connectionLost) {
        settle(await session.readHistoryAfterLoss(error), left, progress)
        const done = left.filter(({ name }) => progress.history.includes(name))
        if (done.length === 0) throw error
        for (const { name } of done) committed(name)
      } else throw error
    }
  }
}

function pendingOf({ pending }: ApplyOptions, { history }: Progress): readonly Migration[] {
  return pending.filter(({ name }) => !history.includes(name))
}

/**
 * Takes over a history that was read.
 * @throws ApplyError when it is neither the expected one nor that plus the first of the pending migrations
 */
function settle(actual: readonly string[], pending: readonly Migration[], progress: Progress): void {
  const expected = progress.history
  progress.history = actual
  progress.read = true
  const names = pending.map(({ name }) => name)
  if (compareHistory(expected, names, actual) !== 'moved') return
  throw historyMoved(expected, names, actual)
}
