import { type CompiledQuery, Kysely, type KyselyPlugin } from 'kysely'
import type { Client } from '../postgres/connect.ts'
import { ApplyError, applyError, type FailedStatement, thrownByMigration } from './apply-error.ts'
import { closeFrame, type Frame, type OpenFrame, TRANSACTION_ENDED } from './frame.ts'
import { LiveConnection, type Send, sendWith } from './live-connection.ts'
import { liveDialect } from './live-dialect.ts'
import type { Migration } from './migration.ts'
import { controlsTransaction } from './statement-kind.ts'

export interface FrameOptions {
  /** Of the migration that comes next: opened by the message that closes this one. */
  readonly next?: Frame | undefined
  readonly plugins?: readonly KyselyPlugin[] | undefined
  /** Told of each query before it is sent. */
  readonly onSending?: ((migration: string, query: CompiledQuery) => void) | undefined
}

/**
 * Runs the migrations of a frame live, statement by statement: the history rows are committed with what they did.
 * @returns the next frame, when the message that closed this one could open it
 * @throws ApplyError when nothing of it was committed, or when its `connectionLost` says that nobody knows
 */
export async function applyInFrame(
  client: Client,
  migrations: readonly Migration[],
  open: OpenFrame,
  { next, plugins = [], onSending }: FrameOptions = {},
): Promise<OpenFrame | undefined> {
  let current = migrations[0]?.name ?? ''
  const send = sendInTransaction(client)
  const connection = new LiveConnection((query) => {
    onSending?.(current, query)
    return send(query)
  })
  let phase = 'statement' as 'statement' | 'commit'
  let abortedBy = undefined as FailedStatement | undefined
  let opened = undefined as OpenFrame | undefined

  const dialect = liveDialect(connection, {
    begin: async () => {},
    commit: async () => {
      await connection.finish()
      if (client.getTransactionStatus() === 'E') throw swallowed(connection.lastFailure)
      phase = 'commit'
      opened = await closeFrame(client, open, next)
    },
    rollback: async () => {
      if (phase === 'statement' && client.getTransactionStatus() === 'E') abortedBy = connection.lastFailure
      await connection.close()
      await client.query('rollback').catch(() => {})
    },
  })

  try {
    await new Kysely<unknown>({ dialect, plugins: [...plugins] }).transaction().execute(async (transaction) => {
      for (const { name, up } of migrations) {
        current = name
        await up(transaction)
      }
    })
    return opened
  } catch (error) {
    const failure = failureOf(error)
    failure.migration ??= current
    throw failure
  }

  function failureOf(error: unknown): ApplyError {
    if (error instanceof ApplyError) return error
    // In an aborted transaction every later error only says so; the reason is what aborted it.
    const reason = abortedBy ?? lossOf(connection)
    if (reason !== undefined) return applyError(phase, reason.error, reason.statement)
    return phase === 'statement' ? thrownByMigration(error, connection.lastFailure) : applyError(phase, error)
  }
}

/** Refuses what would end the transaction before it is sent, and stops at once should one have ended all the same. */
function sendInTransaction(client: Client): Send {
  const send = sendWith(client)
  return async (query) => {
    if (controlsTransaction(query.sql)) {
      throw new ApplyError(
        'statement',
        'A migration must not begin, commit or roll back: it runs in a transaction already.',
        { statement: query.sql },
      )
    }
    const result = await send(query).catch(async (error: unknown) => {
      // The driver rejects before the server has said what became of the transaction: wait for that.
      await client.query('').catch(() => {})
      throw error
    })
    if (client.getTransactionStatus() === 'I') {
      throw new ApplyError('statement', TRANSACTION_ENDED, { statement: query.sql })
    }
    return result
  }
}

function swallowed(failure: FailedStatement | undefined): ApplyError {
  const { error, statement } = failure ?? {}
  const reason = error instanceof Error ? error.message : 'unknown'
  return new ApplyError('statement', `up() went on after an error that had aborted its transaction: ${reason}`, {
    cause: error,
    statement,
  })
}

/** When the connection is gone, that is the reason, whatever the migration made of it. */
function lossOf({ lastFailure }: LiveConnection): FailedStatement | undefined {
  return lastFailure !== undefined && applyError('statement', lastFailure.error).connectionLost
    ? lastFailure
    : undefined
}
