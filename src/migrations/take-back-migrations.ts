import { failpoint } from '../lib/failpoint.ts'
import { SQLSTATE } from '../postgres/sqlstate.ts'
import { ApplyError, applyError } from './apply-error.ts'
import type { ApplyOutcome } from './apply-outcome.ts'
import { ApplySession, type ApplySessionOptions, type ExpectedHistory } from './apply-session.ts'
import type { CompiledMigration } from './compile/compiled-migration.ts'
import { describeApplyError } from './describe-apply-error.ts'
import { compareHistory } from './history.ts'
import { historyMoved } from './history-moved.ts'
import type { Migration } from './migration.ts'

export interface TakeBackOptions
  extends Omit<ApplySessionOptions, 'recorded' | 'plugins' | 'transactionMode' | 'onSent'> {
  /** The tenant's history as the catalog has it, in order. */
  readonly expected: readonly string[]
  /** What of it goes, newest first: reversed, each with what is recorded of its `down`. */
  readonly migrations: readonly { readonly migration: Migration; readonly compiled: CompiledMigration }[]
  /** Given the closing of the connection, to be awaited there; left out: it is awaited here. */
  readonly onClosing?: ((closed: Promise<void>) => void) | undefined
}

/**
 * Takes migrations of one database back by their `down`, all in one transaction: it compares the history under the lock,
 * and the history rows go with what the migrations did. Safe to repeat after a crash at any point: a history without
 * them is the end. Never throws for what the database or a migration does.
 */
export async function takeBackMigrations(options: TakeBackOptions): Promise<ApplyOutcome> {
  const session = new ApplySession(options)
  const progress: Progress = { history: options.expected, read: false }
  try {
    await takeBack(session, options, progress)
    return { kind: 'applied', history: progress.history, applied: [] }
  } catch (error) {
    const failure = applyError('connect', error)
    const files = options.migrations.map(({ migration }) => migration)
    const file = files.find(({ name }) => name === failure.migration) ?? files[0]
    return describeApplyError(failure, file, progress.read ? progress.history : null)
  } finally {
    const closed = session.close()
    if (options.onClosing) options.onClosing(closed)
    else await closed
  }
}

type Progress = { -readonly [K in keyof ExpectedHistory]: ExpectedHistory[K] }

async function takeBack(
  session: ApplySession,
  { expected, migrations }: TakeBackOptions,
  progress: Progress,
): Promise<void> {
  const recorded = migrations.map(({ compiled }) => compiled)
  const names = recorded.map(({ migration }) => migration)
  const left = expected.filter((name) => !names.includes(name))
  let busySince: number | undefined
  for (;;) {
    try {
      await session.takeBack(recorded, progress, () => failpoint('run.migration-committed'))
      progress.history = progress.history.filter((name) => !names.includes(name))
      return
    } catch (error) {
      if (!(error instanceof ApplyError)) throw error
      if (error.sqlstate === SQLSTATE.busy) {
        busySince ??= session.now()
        await session.waitForOurs(busySince)
        continue
      }
      // Once it was read, a second look would not change what the transaction finds.
      if (error.connectionLost) progress.history = await session.readHistoryAfterLoss(error)
      else if (error.foundOtherHistory && !progress.read) progress.history = await session.readHistory()
      else throw error
      progress.read = true
      if (compareHistory(left, [], progress.history) === 'as-expected') return
      if (compareHistory(expected, [], progress.history) !== 'as-expected')
        throw historyMoved(expected, [], progress.history)
      if (error.connectionLost) throw error
    }
  }
}
