import { MIGRATION_LOCK } from '../postgres/advisory-lock.ts'
import type { Client } from '../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../postgres/identifiers.ts'
import { SQLSTATE, sqlstateOf } from '../postgres/sqlstate.ts'
import { applyError, HistoryDiffers, refusal } from './apply-error.ts'
import { compareHistory, type HistoryRow, inOrderOfExecution, selectHistory, tableName } from './history.ts'
import { ensureHistoryTables } from './history-tables.ts'
import type { SentResult } from './live-connection.ts'
import type { HistoryTables, MigrationTimeouts } from './migration.ts'

/** What surrounds migrations: the transaction that takes the lock, checks the history and records them in it. */
export interface Frame {
  /** One, or all that share the transaction, in order. */
  readonly migrations: readonly string[]
  /** Whether they are taken back: their history rows go. */
  readonly takesBack?: boolean
  /** The history that must stand before it; the order does not matter. */
  readonly expected: readonly string[]
  /** Whether `expected` was read from this database, not from the catalog. */
  readonly historyRead: boolean
  readonly tables: HistoryTables
  readonly ownerRole: string | null
  readonly timeouts: Pick<MigrationTimeouts, 'lock' | 'statement'>
  /** Whether more frames follow: the COMMIT of the last one also makes those before it durable. */
  readonly last: boolean
}

/** A frame whose transaction has begun, holds the lock and has found the expected history. */
export interface OpenFrame {
  readonly frame: Frame
  /** The transaction's id: by it closing knows that the migration has not put another one in its place. */
  readonly transaction: string
}

/**
 * Opens a frame: one message where the history table is known to be there, else it is looked for first.
 * @throws ApplyError KF002 when another process holds the lock, KF005 when the history table is off the search_path,
 *   HistoryDiffers when it is not the expected history; no transaction is open then
 */
export async function openFrame(client: Client, frame: Frame): Promise<OpenFrame> {
  try {
    return (await openKnown(client, frame)) ?? (await openUnknown(client, frame))
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw applyError('history', error)
  }
}

/**
 * Writes the history rows and commits. The same message opens the next frame, if there is one: it is returned unless
 * something stood in its way, which opening it again will tell.
 * @throws ApplyError KF004 when the transaction is not the one that was opened; the driver's error when nothing of
 *   the frame was committed, or when the connection is lost and nobody knows
 */
export async function closeFrame(client: Client, open: OpenFrame, next?: Frame): Promise<OpenFrame | undefined> {
  const following = next === undefined ? [] : [...opening(next), selectHistory(next.tables)]
  const answers = await send(client, [...recordFrame(open.frame, open.transaction), 'commit', ...following]).catch(
    async (error: unknown) => {
      if (next !== undefined && (await isCommitted(client, open, error))) return undefined
      throw error
    },
  )
  if (answers === undefined) return undefined
  if (answers.some(({ command, rowCount }) => command === 'INSERT' && rowCount !== 1)) {
    throw refusal('commit', SQLSTATE.transactionEnded, TRANSACTION_ENDED)
  }
  if (next === undefined) return undefined
  try {
    return accept(next, answers)
  } catch {
    await client.query('rollback').catch(() => {})
    return undefined
  }
}

export const TRANSACTION_ENDED =
  'The migration ended the transaction that it runs in (commit, rollback); what it committed stays.'

/** Returns statements that undo what an earlier migration left in the session. */
export function cleanSession(ownerRole: string | null): string[] {
  return [...ownRole(ownerRole), 'reset all']
}

/** Joins statements into one message. */
export function script(statements: readonly string[]): string {
  return `${statements.join(';\n')};`
}

/** Undefined when the table is not known to be there, or is not there all the same. */
async function openKnown(client: Client, frame: Frame): Promise<OpenFrame | undefined> {
  if (frame.expected.length === 0) return undefined
  try {
    return accept(frame, await send(client, [...opening(frame), selectHistory(frame.tables)]))
  } catch (error) {
    if (sqlstateOf(error) !== SQLSTATE.undefinedTable) throw error
    await client.query('rollback')
    return undefined
  }
}

async function openUnknown(client: Client, frame: Frame): Promise<OpenFrame> {
  const opened = await send(client, opening(frame))
  requireLock(opened.at(-1))
  await client.query(ensureHistoryTables(frame.tables))
  return accept(frame, [...opened, await client.query(selectHistory(frame.tables))])
}

/** The statements that begin a live frame; the last one asks for the lock. */
function opening(frame: Frame): string[] {
  const lock = `pg_try_advisory_xact_lock(${MIGRATION_LOCK}) as locked, pg_current_xact_id() as transaction`
  return [BEGIN, ...cleanSession(frame.ownerRole), `select ${lock}, ${limits(frame)}`]
}

/** A snapshot of `repeatable read` would be older than the lock; `read only` may be the default of database or role. */
export const BEGIN = 'begin isolation level read committed, read write'

/**
 * Returns what sets a frame's limits, for the list of the SELECT that takes the lock: each statement costs, and there are as
 * many frames as migrations. That SELECT never waits, so it needs no limits itself.
 */
export function limits({ timeouts, last }: Frame): string {
  const settings = {
    lock_timeout: String(timeouts.lock),
    statement_timeout: String(timeouts.statement),
    // Without it, a message goes on to its COMMIT long after its client died.
    client_connection_check_interval: '2s',
    idle_in_transaction_session_timeout: '0',
    ...(last ? {} : { synchronous_commit: 'off' }),
  }
  const set = ([name, value]: readonly [string, string]) =>
    `set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true)`
  // From 17 on; it would end the connection, whatever our own limits say.
  const transactionTimeout = `case when current_setting('transaction_timeout', true) is not null then ${set(['transaction_timeout', '0'])} end`
  return [...Object.entries(settings).map(set), transactionTimeout].join(', ')
}

interface Locked {
  readonly locked: boolean
  readonly transaction: string
}

/** Judges the last two answers of an opening: that which asked for the lock, and the history as it was read under the lock. */
function accept(frame: Frame, answers: readonly SentResult[]): OpenFrame {
  const { transaction } = requireLock(answers.at(-2))
  const rows = (answers.at(-1)?.rows ?? []) as HistoryRow[]
  const history = inOrderOfExecution(rows)
  if (compareHistory(frame.expected, [], history) !== 'as-expected') throw new HistoryDiffers(history)
  return { frame, transaction }
}

function requireLock(answer: SentResult | undefined): Locked {
  const found = answer?.rows?.[0] as Locked | undefined
  if (!found?.locked) throw refusal('lock', SQLSTATE.busy, 'Another process is migrating this database.')
  return found
}

/**
 * Returns the statements that record the migrations of a frame, or that they are taken back, as the role and where opening
 * found the table, whatever a migration set. By the tenant's clock, and never at or before the last one: Kysely orders by it
 * and refuses ties.
 * @param transaction record nothing in another transaction than this one; left out: nothing can have ended it
 */
export function recordFrame({ migrations, takesBack, tables, ownerRole }: Frame, transaction?: string): string[] {
  const table = tableName(tables)
  const asOwner = [...ownRole(ownerRole), 'reset search_path']
  if (takesBack) return [...asOwner, `delete from ${table} where name in (${migrations.map(quoteLiteral).join(', ')})`]
  const guard =
    transaction === undefined ? '' : ` having pg_current_xact_id_if_assigned() = ${quoteLiteral(transaction)}`
  const insert = (migration: string) => `insert into ${table} (name, "timestamp")
     select ${quoteLiteral(migration)}, to_char(
       greatest(clock_timestamp(), max("timestamp"::timestamptz) + interval '1 millisecond') at time zone 'UTC',
       'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') from ${table}${guard}`
  return [...asOwner, ...migrations.map(insert)]
}

/** Says whether a message that failed did so behind its COMMIT, in what opens the next frame. Leaves no transaction open. */
async function isCommitted(client: Client, { transaction }: OpenFrame, error: unknown): Promise<boolean> {
  if (applyError('commit', error).connectionLost) return false
  await client.query('rollback')
  const { rows } = await client.query<{ status: string }>('select pg_xact_status($1) as status', [transaction])
  return rows[0]?.status === 'committed'
}

/** Returns statements that leave whatever role a migration took. */
function ownRole(ownerRole: string | null): string[] {
  return ['reset session authorization', ownerRole === null ? 'reset role' : `set role ${quoteIdentifier(ownerRole)}`]
}

/** Sends statements as one message; returns what each of them answered. */
async function send(client: Client, statements: readonly string[]): Promise<readonly SentResult[]> {
  // For several statements it is an array, which the driver's types do not know.
  const answers: unknown = await client.query(script(statements))
  return answers as readonly SentResult[]
}
