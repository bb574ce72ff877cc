import { failpoint } from '../lib/failpoint.ts'
import { SQLSTATE } from '../postgres/sqlstate.ts'
import { ApplyError, applyError } from './apply-error.ts'
import type { ApplyOutcome } from './apply-outcome.ts'
import { ApplySession, type ApplySessionOptions } from './apply-session.ts'
import { describeApplyError } from './describe-apply-error.ts'
import { compareHistory, type HistoryComparison } from './history.ts'
import type { Migration } from './migration.ts'

export type { ApplyOutcome, ApplyPhase } from './apply-outcome.ts'

export interface ApplyOptions extends ApplySessionOptions {
  /** The tenant's history as the catalog has it, in order. */
  readonly expected: readonly string[]
  /** What is to be applied after it, in order. */
  readonly pending: readonly Migration[]
  /** Called after each migration's COMMIT. */
  readonly onApplied?: (migration: string) => void
}

/**
 * Brings one database from `expected` to `expected` plus `pending`, each migration in a frame of its own. The history
 * is not read first: the frame compares it, and only where it differs is it read, to go on from where it really is.
 * Safe to repeat after a crash at any point. Never throws for what the database or a migration does.
 */
export async function applyMigrations(options: ApplyOptions): Promise<ApplyOutcome> {
  const session = new ApplySession(options)
  const progress: Progress = { history: options.expected, applied: [], migration: null, read: false }
  try {
    await applyAll(session, options, progress)
    return { kind: 'applied', history: progress.history, applied: progress.applied }
  } catch (error) {
    const migration = options.pending.find(({ name }) => name === progress.migration)
    return describeApplyError(
      applyError('connect', error),
      migration,
      progress.read || progress.applied.length > 0 ? progress.history : null,
    )
  } finally {
    await session.close()
  }
}

interface Progress {
  history: readonly string[]
  readonly applied: string[]
  /** The migration under way. */
  migration: string | null
  /** Whether `history` was read from the database. */
  read: boolean
}

async function applyAll(session: ApplySession, options: ApplyOptions, progress: Progress): Promise<void> {
  const { pending, onApplied } = options
  if (pending.length === 0) settle(await session.readHistory(), [], progress)
  let busySince: number | undefined
  let disagreements = 0
  for (let at = 0; at < pending.length; ) {
    const migration = pending[at]
    if (migration === undefined || progress.history.includes(migration.name)) {
      at += 1
      continue
    }
    progress.migration = migration.name
    try {
      await session.apply(migration, progress.history, { last: at === pending.length - 1 })
      progress.history = [...progress.history, migration.name]
    } catch (error) {
      if (!(error instanceof ApplyError)) throw error
      if (error.sqlstate === SQLSTATE.busy) {
        busySince ??= session.now()
        await session.waitForOurs(busySince)
      } else if (error.sqlstate === SQLSTATE.historyMoved || error.sqlstate === SQLSTATE.alreadyThere) {
        const comparison = settle(await session.readHistory(), pending.slice(at), progress)
        // It may have changed between the two looks, but not each time.
        if (comparison === 'as-expected' && ++disagreements > 3) throw error
      } else if (error.connectionLost) {
        settle(await session.readHistoryAfterLoss(error), pending.slice(at), progress)
        if (!progress.history.includes(migration.name)) throw error
      } else throw error
      if (!error.connectionLost) continue
    }
    progress.applied.push(migration.name)
    onApplied?.(migration.name)
    failpoint('run.migration-committed')
  }
}

/**
 * Takes over a history that was read.
 * @throws ApplyError when it is neither the expected one nor that plus the first of the pending migrations
 */
function settle(
  actual: readonly string[],
  pending: readonly Migration[],
  progress: Progress,
): Exclude<HistoryComparison, 'moved'> {
  const expected = progress.history
  progress.history = actual
  progress.read = true
  const comparison = compareHistory(
    expected,
    pending.map(({ name }) => name),
    actual,
  )
  if (comparison !== 'moved') return comparison
  const missing = expected.filter((name) => !actual.includes(name))
  const known = new Set([...expected, ...pending.map(({ name }) => name)])
  const foreign = actual.filter((name) => !known.has(name))
  const differences = [
    ...(missing.length > 0 ? [`not in it: ${missing.join(', ')}`] : []),
    ...(foreign.length > 0 ? [`not expected in it: ${foreign.join(', ')}`] : []),
  ]
  const what = differences.join('; ') || 'it has pending migrations out of order'
  throw new ApplyError('history', `The tenant's history moved (${what}).`)
}
