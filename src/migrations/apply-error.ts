import { SQLSTATE, sqlstateOf } from '../postgres/sqlstate.ts'
import type { ApplyPhase } from './apply-outcome.ts'

/** A statement of a migration that failed, and what the driver threw. */
export interface FailedStatement {
  readonly error: unknown
  readonly statement: string
}

/** Where in a recorded migration a statement stands, and where in it the server stopped. */
export interface StatementPlace {
  /** From 1. */
  readonly number: number
  /** Line of the migration's file, from 1; null: not known. */
  readonly line: number | null
  /** In characters of the statement, from 1; null: the server named none. */
  readonly position: number | null
}

interface ApplyErrorOptions {
  readonly cause?: unknown
  /** The migration that failed, where several shared the transaction. */
  readonly migration?: string | undefined
  /** The statement that failed. */
  readonly statement?: string | undefined
  readonly place?: StatementPlace
  /** Whether the migration threw it by itself: its `code` is then none of the server's, say ENOENT for a missing file. */
  readonly own?: boolean
}

/** Why a migration stopped, and where; the cause is what the driver or the migration itself threw. */
export class ApplyError extends Error {
  override readonly name = 'ApplyError'
  readonly phase: ApplyPhase
  readonly statement: string | undefined
  migration: string | undefined
  readonly place: StatementPlace | undefined
  readonly #own: boolean

  constructor(
    phase: ApplyPhase,
    message: string,
    { cause, migration, statement, place, own = false }: ApplyErrorOptions = {},
  ) {
    super(message, { cause })
    this.phase = phase
    this.migration = migration
    this.statement = statement
    this.place = place
    this.#own = own
  }

  /** What the server answered; undefined when it is not the server that refused. */
  get sqlstate(): string | undefined {
    return this.#own ? undefined : sqlstateOf(this.cause)
  }

  /** Whether the connection is gone: nobody here knows then whether a COMMIT went through. */
  get connectionLost(): boolean {
    return /^(08|57P0[1235]|25P0[34])/.test(this.sqlstate ?? '')
  }

  /** Whether the frame of a message found another history than it was told, or none: which one, it cannot say. */
  get foundOtherHistory(): boolean {
    const { historyMoved, undefinedTable } = SQLSTATE
    return this.phase === 'history' && (this.sqlstate === historyMoved || this.sqlstate === undefinedTable)
  }
}

/** The history is not the expected one. What it is was read under the lock: no second look is needed. */
export class HistoryDiffers extends ApplyError {
  readonly history: readonly string[]

  constructor(history: readonly string[]) {
    super('history', 'The history is not the expected one.')
    this.history = history
  }
}

/** Returns a refusal of our own, with an SQLSTATE as if the server had raised it. */
export function refusal(phase: ApplyPhase, sqlstate: string, message: string): ApplyError {
  return new ApplyError(phase, message, { cause: Object.assign(new Error(message), { code: sqlstate }) })
}

/** Returns an error of the driver as one that says where it happened. */
export function applyError(phase: ApplyPhase, cause: unknown, statement?: string): ApplyError {
  if (cause instanceof ApplyError) return cause
  return new ApplyError(phase, messageOf(cause), { cause, statement })
}

/** Returns what `up` threw as the failure of the statement behind it, if there is one, else as the migration's own. */
export function thrownByMigration(error: unknown, lastFailure: FailedStatement | undefined): ApplyError {
  if (error instanceof ApplyError) return error
  if (lastFailure !== undefined && chainOf(error).includes(lastFailure.error)) {
    return applyError('statement', lastFailure.error, lastFailure.statement)
  }
  return new ApplyError('statement', messageOf(error), { cause: error, own: true })
}

function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = []
  for (let it = error; it !== undefined && !chain.includes(it); it = it instanceof Error ? it.cause : undefined)
    chain.push(it)
  return chain
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
