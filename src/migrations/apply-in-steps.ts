import { type CompiledQuery, Kysely, type KyselyPlugin, type TransactionSettings } from 'kysely'
import { MIGRATION_LOCK } from '../postgres/advisory-lock.ts'
import type { Client } from '../postgres/connect.ts'
import { SQLSTATE, sqlstateOf } from '../postgres/sqlstate.ts'
import { ApplyError, applyError, thrownByMigration } from './apply-error.ts'
import type { ApplyPhase } from './apply-outcome.ts'
import { cleanSession, closeFrame, type Frame, type OpenFrame, openFrame, script } from './frame.ts'
import { LiveConnection, type Send, sendWith } from './live-connection.ts'
import { liveDialect } from './live-dialect.ts'
import type { Migration } from './migration.ts'
import { type ConcurrentStepOptions, runConcurrentStep } from './run-concurrent-step.ts'
import {
  buildsUnnamedIndex,
  controlsTransaction,
  isConcurrentStep,
  isSessionSetting,
  looksLikeReading,
} from './statement-kind.ts'
import { hashOf, StepJournal } from './step-journal.ts'

export type StepOptions = ConcurrentStepOptions & { readonly frame: Frame; readonly plugins: readonly KyselyPlugin[] }

/**
 * Runs one migration live outside a transaction: each statement that can have a transaction gets one, shared with its
 * row in the journal, so that a repeat after a crash goes on where the last try ended. What cannot is run alone.
 * @param open its frame; it is closed here, and opened again for the history row
 * @returns the next frame, when the message that wrote the history row could open it
 * @throws ApplyError; the steps that are done stay done
 */
export async function applyInSteps(
  client: Client,
  migration: Migration,
  { frame }: OpenFrame,
  options: Omit<StepOptions, 'frame'> & { readonly next: Frame | undefined },
): Promise<OpenFrame | undefined> {
  let phase: ApplyPhase = 'history'
  try {
    const journal = await openJournal(client, frame)
    phase = 'statement'
    await runSteps(client, migration, { ...options, frame, journal })
    phase = 'history'
    const closing = await openFrame(client, frame)
    await client.query(journal.dropText())
    phase = 'commit'
    return await closeFrame(client, closing, options.next)
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw applyError(phase, error)
  } finally {
    await client.query(`select pg_advisory_unlock(${MIGRATION_LOCK})`).catch(() => {})
  }
}

/** A lock_timeout would leave an invalid index behind each time: our own timeout bounds these steps. */
const SETTINGS = [
  'set lock_timeout = 0',
  'set statement_timeout = 0',
  'set idle_in_transaction_session_timeout = 0',
  `set client_connection_check_interval = '2s'`,
  `set default_transaction_isolation = 'read committed'`,
  'set default_transaction_read_only = off',
]

async function openJournal(client: Client, { migrations, tables, ownerRole }: Frame): Promise<StepJournal> {
  const journal = await StepJournal.open(client, migrations.join(), tables)
  // The frame holds the lock for its transaction; now it is kept until the last step.
  const keepLock = `select pg_advisory_lock(${MIGRATION_LOCK})`
  await client.query(script([keepLock, 'commit', ...cleanSession(ownerRole), ...SETTINGS]))
  return journal
}

async function runSteps(
  client: Client,
  migration: Migration,
  options: StepOptions & { journal: StepJournal },
): Promise<void> {
  const { frame, plugins } = options
  let inTransaction = false
  const begin = async (settings: TransactionSettings = {}) => {
    await client.query(beginStep(frame, settings))
    inTransaction = true
  }
  const end = async (by: 'commit' | 'rollback') => {
    inTransaction = false
    const { command } = await client.query(by)
    // The server answers so when an error that `up` caught had aborted the transaction.
    if (by === 'commit' && command === 'ROLLBACK') throw new ApplyError('statement', SWALLOWED)
  }
  const connection = new LiveConnection(
    sendStep(client, { ...options, begin, end, inTransaction: () => inTransaction }),
  )
  const dialect = liveDialect(connection, {
    begin,
    commit: () => end('commit'),
    rollback: () => end('rollback').catch(() => {}),
  })
  try {
    await migration.up(new Kysely<unknown>({ dialect, plugins: [...plugins] }))
  } catch (error) {
    await connection.close()
    throw thrownByMigration(error, connection.lastFailure)
  }
  await connection.finish()
}

const SWALLOWED = 'up() went on after an error that had aborted its transaction.'

interface SendStepOptions extends StepOptions {
  readonly journal: StepJournal
  readonly begin: (settings?: TransactionSettings) => Promise<void>
  readonly end: (by: 'commit' | 'rollback') => Promise<void>
  readonly inTransaction: () => boolean
}

/** The second is a procedure that commits. */
const NOT_IN_TRANSACTION: readonly (string | undefined)[] = [
  SQLSTATE.activeTransaction,
  SQLSTATE.invalidTransactionTermination,
]

/** Sends each statement as the step it is: skipped when it is done, else with its journal row. */
function sendStep(client: Client, options: SendStepOptions): Send {
  const { journal, begin, end, inTransaction } = options
  const send = sendWith(client)
  let steps = 0

  const inTransactionOfItsOwn = async (
    query: CompiledQuery,
    { settings, before }: { readonly settings?: TransactionSettings; readonly before?: () => Promise<void> },
  ) => {
    await begin(settings)
    try {
      await before?.()
      const result = await send(query)
      await end('commit')
      return result
    } catch (error) {
      await end('rollback').catch(() => {})
      throw error
    }
  }
  const alone = async (query: CompiledQuery, step: { n: number; hash: string }) => {
    if (buildsUnnamedIndex(query.sql)) {
      throw new ApplyError('statement', 'Give the index a name: a half-made one must be found again after a crash.', {
        statement: query.sql,
      })
    }
    const again = await journal.start(step)
    // An index build and its like are looked at and go on; of anything else nobody knows what it has done.
    if (again && !isConcurrentStep(query.sql)) {
      throw new ApplyError(
        'statement',
        `Step ${step.n} was begun by an earlier try, which may have done part of it. ${journal.byHand()}`,
        {
          statement: query.sql,
        },
      )
    }
    const result = await runConcurrentStep(client, query, { ...options, again })
    await journal.finish(step)
    return result
  }

  return async (query) => {
    if (controlsTransaction(query.sql)) {
      throw new ApplyError('statement', 'A migration must not send BEGIN or COMMIT itself: use db.transaction().', {
        statement: query.sql,
      })
    }
    if (isSessionSetting(query.sql)) return send(query)
    if (looksLikeReading(query.sql)) {
      if (inTransaction()) return send(query)
      try {
        return await inTransactionOfItsOwn(query, { settings: { accessMode: 'read only' } })
      } catch (error) {
        // It calls what writes: then it is a step like any other.
        if (sqlstateOf(error) !== SQLSTATE.readOnly) throw error
      }
    }
    const step = { n: ++steps, hash: hashOf(query) }
    if (journal.isDone(step)) return {}
    if (inTransaction()) {
      await journal.finish(step)
      return send(query)
    }
    if (isConcurrentStep(query.sql) || journal.isStarted(step)) return alone(query, step)
    try {
      return await inTransactionOfItsOwn(query, { before: () => journal.finish(step) })
    } catch (error) {
      // The server knows best what cannot run in a transaction.
      if (NOT_IN_TRANSACTION.includes(sqlstateOf(error))) return alone(query, step)
      throw error
    }
  }
}

function beginStep({ timeouts }: Frame, { isolationLevel, accessMode }: TransactionSettings): string {
  const mode = [isolationLevel ? `isolation level ${isolationLevel}` : '', accessMode ?? ''].filter(
    (part) => part !== '',
  )
  return script([
    ['begin', ...mode].join(' '),
    `set local lock_timeout = ${timeouts.lock}`,
    `set local statement_timeout = ${timeouts.statement}`,
  ])
}
