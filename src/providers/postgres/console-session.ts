import type { ConnectionDescriptor } from '../../model/connection.ts'
import { FleetError } from '../../model/errors.ts'
import { type Client, closeClient, connectionRefusal, openClient } from '../../postgres/connect.ts'

/** A console answers at once, or never: for so long it may be silent, in milliseconds. */
const PATIENCE_MS = 5_000

/** A database as PgBouncer's clients know it. */
export interface PgbouncerEntry {
  readonly name: string
  /** The database on the server that it leads to. */
  readonly database: string
  readonly paused: boolean
  /** Connections to the server. */
  readonly connections: number
}

/** One connection to the admin console of a PgBouncer. It understands one command per message, and no parameters. */
export interface ConsoleSession {
  readonly address: string
  entries(): Promise<readonly PgbouncerEntry[]>
  /** Reads settings of PgBouncer by name. */
  settings(): Promise<ReadonlyMap<string, string>>
  /** Sends a command. Its answer may take long: give no `timeout` then. Rejects with what PgBouncer says. */
  send(command: string, options?: { readonly timeout?: number }): Promise<void>
  close(): Promise<void>
}

/** Names a console without user and password. */
export function addressOfConsole({ host, port }: ConnectionDescriptor): string {
  return `${host}:${port}`
}

/**
 * Connects to an admin console.
 * @throws FleetError CLIENTS_NOT_PAUSED when it does not answer, or refuses user or password
 */
export async function openConsole(to: ConnectionDescriptor): Promise<ConsoleSession> {
  const address = addressOfConsole(to)
  const client = await openClient(to, { applicationName: 'fleet/pause', timeout: PATIENCE_MS }).catch(
    (error: unknown) => {
      const refusal = connectionRefusal(error, to)
      const reason = refusal instanceof Error ? refusal.message : String(refusal)
      throw consoleRefusal(address, reason.replace(/\.$/, ''), error)
    },
  )
  return {
    address,
    entries: async () => (await ask(client, 'show databases', address)).map(toEntry),
    settings: async () =>
      new Map((await ask(client, 'show config', address)).map(({ key, value }) => [String(key), String(value)])),
    send: async (command, { timeout } = {}) => {
      await client.query(timed(command, timeout))
    },
    close: () => closeClient(client),
  }
}

/** Makes the error for a console that does not do as it is told. */
export function consoleRefusal(address: string, reason: string, cause?: unknown): FleetError {
  return new FleetError('CLIENTS_NOT_PAUSED', `The admin console of PgBouncer at ${address} is of no use: ${reason}.`, {
    cause,
    remedy: 'Check its URL in `pgbouncer.consoles`: host, port, password, and a user that is in `admin_users`.',
  })
}

async function ask(client: Client, command: string, address: string): Promise<Record<string, unknown>[]> {
  try {
    return (await client.query(timed(command, PATIENCE_MS))).rows
  } catch (error) {
    throw consoleRefusal(address, error instanceof Error ? error.message : String(error), error)
  }
}

function timed(text: string, timeout: number | undefined): { text: string; query_timeout?: number } {
  return timeout === undefined ? { text } : { text, query_timeout: timeout }
}

/** Numbers of columns differ by version, their names do not. */
function toEntry(row: Record<string, unknown>): PgbouncerEntry {
  return {
    name: String(row.name),
    database: String(row.database),
    paused: Number(row.paused) === 1,
    connections: Number(row.current_connections),
  }
}
