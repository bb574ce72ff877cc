import { Client, type ClientConfig, Pool } from 'pg'
import { systemClock } from '../lib/clock.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import { FleetError } from '../model/errors.ts'
import { preparingClient } from './prepared-statements.ts'
import { SQLSTATE, sqlstateOf } from './sqlstate.ts'

export type { Client, ClientBase, Pool } from 'pg'

export interface ConnectOptions {
  /** Shown in pg_stat_activity; at most 63 bytes count. */
  readonly applicationName: string
  /** How long the connection may take, in milliseconds. Default 10 s, or what a sleeping server may take. */
  readonly timeout?: number
}

/**
 * Lends one connection to `use` and closes it afterwards, whatever happened.
 * @throws FleetError SERVER_UNREACHABLE, AUTHENTICATION_FAILED or RIGHT_MISSING when it cannot be opened; SERVICE_QUOTA or
 *   SERVICE_REFUSED where it sleeps and is not woken
 */
export async function withClient<T>(
  to: ConnectionDescriptor,
  options: ConnectOptions,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await openClient(to, options).catch((error: unknown) => {
    throw connectionRefusal(error, to)
  })
  try {
    return await use(client)
  } finally {
    await closeClient(client)
  }
}

/**
 * Opens one connection; the caller closes it with `closeClient`. Waits for a server that is waking. Rejects with the driver's
 * own error, or, where that is one of a server that may wake, with its message under the SQLSTATE that it stands for.
 */
export async function openClient(to: ConnectionDescriptor, options: ConnectOptions): Promise<Client> {
  const since = systemClock.now().getTime()
  for (;;) {
    try {
      return await openOnce(to, options)
    } catch (error) {
      const meaning = to.waking?.meaningOf(error)
      if (meaning === undefined) throw error
      const waited = systemClock.now().getTime() - since
      if (waited >= meaning.patience) throw refusalAs(meaning.sqlstate, error)
      await systemClock.sleep(Math.min(Math.max(WAKING_POLL_MS, waited / 10), LONGEST_POLL_MS))
    }
  }
}

function refusalAs(code: string, cause: unknown): Error {
  return Object.assign(new Error(cause instanceof Error ? cause.message : String(cause), { cause }), { code })
}

/** Between two tries, in milliseconds: first, and in the end. */
const WAKING_POLL_MS = 500
const LONGEST_POLL_MS = 5_000

async function openOnce(to: ConnectionDescriptor, options: ConnectOptions): Promise<Client> {
  const client = new Client(clientConfig(to, options))
  // Without a listener, a connection that is lost between two queries would end the process. The next query reports it.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    await closeClient(client)
    throw error
  }
  return client
}

/** Closes a connection, also one that is broken. */
export async function closeClient(client: Client): Promise<void> {
  await client.end().catch(() => {})
}

export interface PoolOptions extends ConnectOptions {
  readonly max: number
  /** Whether statements with parameters are prepared: for what is asked again and again. Default false. */
  readonly prepare?: boolean
}

/** Opens a pool of at most `max` connections; the caller ends it. */
export function openPool(to: ConnectionDescriptor, { max, prepare = false, ...options }: PoolOptions): Pool {
  const kind = prepare ? { Client: preparingClient() } : {}
  const pool = new Pool({ ...clientConfig(to, options), ...kind, max, idleTimeoutMillis: 30_000 })
  pool.on('error', () => {})
  // Nor may one that is lost while somebody holds it, between two queries: the pool does not listen then.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** Turns a refused connection into one sentence with a remedy; other errors come back as they are. */
export function connectionRefusal(error: unknown, to: ConnectionDescriptor): unknown {
  if (error instanceof FleetError) return error
  const sqlstate = sqlstateOf(error)
  const where = `${to.host}:${to.port}`
  const reason = error instanceof Error ? firstMessage(error) : String(error)
  if (sqlstate === SQLSTATE.invalidPassword || sqlstate === SQLSTATE.invalidAuthorization) {
    return new FleetError(
      'AUTHENTICATION_FAILED',
      `${where} refuses user "${to.user}" for database "${to.database}": ${reason}.`,
      { cause: error },
    )
  }
  if (sqlstate === SQLSTATE.insufficientPrivilege) {
    return new FleetError(
      'RIGHT_MISSING',
      `User "${to.user}" may not connect to database "${to.database}" on ${where}.`,
      {
        cause: error,
        remedy: `Run there as its owner: GRANT CONNECT ON DATABASE "${to.database}" TO "${to.user}"`,
      },
    )
  }
  if (sqlstate === SQLSTATE.undefinedDatabase) {
    return new FleetError('SERVER_UNREACHABLE', `There is no database "${to.database}" on ${where}.`, {
      cause: error,
      remedy: 'Correct the database in the URL.',
    })
  }
  if (to.waking !== undefined && sqlstate === SQLSTATE.insufficientResources)
    return new FleetError('SERVICE_QUOTA', `${where} may not be woken: ${reason}.`, { cause: error })
  // In the words of what stands before the server, which asking again does not change.
  if (to.waking !== undefined && sqlstate === SQLSTATE.internalError)
    return new FleetError('SERVICE_REFUSED', `${where} lets nobody in: ${reason}.`, { cause: error })
  if (
    sqlstate?.startsWith('08') ||
    sqlstate?.startsWith('57P') ||
    sqlstate === SQLSTATE.tooManyConnections ||
    isTlsError(error)
  ) {
    return new FleetError('SERVER_UNREACHABLE', `Cannot connect to ${where} as "${to.user}": ${reason}.`, {
      cause: error,
    })
  }
  return error
}

function isTlsError(error: unknown): boolean {
  return error instanceof Error && /SSL|certificate|self-signed/i.test(error.message)
}

function firstMessage(error: Error): string {
  const message = error instanceof AggregateError ? (error.errors[0] as Error).message : error.message
  return message.replace(/\.$/, '')
}

function clientConfig(
  to: ConnectionDescriptor,
  { applicationName, timeout = to.waking?.patience ?? 10_000 }: ConnectOptions,
): ClientConfig {
  return {
    host: to.host,
    port: to.port,
    database: to.database,
    user: to.user,
    ...(to.password ? { password: to.password.reveal() } : {}),
    ssl: to.tls === 'off' ? false : { rejectUnauthorized: to.tls === 'verify' },
    // Where the server offers it: then nobody with another certificate, valid as it may be, stands in between.
    enableChannelBinding: to.tls === 'verify',
    application_name: applicationName,
    connectionTimeoutMillis: timeout,
    // A host that vanished is noticed by TCP, not by us waiting for ever.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}
