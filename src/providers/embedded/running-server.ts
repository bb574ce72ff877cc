import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import type { Secret } from '../../model/secret.ts'
import { closeClient, openClient } from '../../postgres/connect.ts'
import { SQLSTATE, sqlstateOf } from '../../postgres/sqlstate.ts'
import { embeddedRefusal } from './embedded-refusal.ts'
import { openFileLock } from './file-lock.ts'
import { parsePostmasterFile } from './postmaster-file.ts'
import type { ServerHome } from './server-home.ts'
import { meaningfulLine } from './server-output.ts'

/** A server that was asked and answered. */
export interface RunningServer {
  readonly admin: ConnectionDescriptor
  /** As in `server_version`, e.g. 18.4. */
  readonly version: string
}

/** How long a living server may take to answer: a recovery after a crash may be among it. In milliseconds. */
const PATIENCE = 120_000
const RETRY = 20

/**
 * Says whether any process of the server lives. They all inherit a lock, so no process id has to be believed: those
 * are reused, and mean nothing in another container.
 */
export async function isServerAlive(home: Pick<ServerHome, 'serverLock'>): Promise<boolean> {
  const lock = await openFileLock(home.serverLock)
  const alive = !lock.tryExclusive()
  lock.close()
  return alive
}

/**
 * Finds the server that runs on the data, waiting for one that is starting up; one that is shutting down is waited
 * for until it is gone. Undefined: none runs.
 * @throws FleetError EMBEDDED_UNAVAILABLE when one lives but does not answer
 */
export async function findRunningServer(
  home: ServerHome,
  password: Secret,
  clock: Clock,
): Promise<RunningServer | undefined> {
  const deadline = clock.now().getTime() + PATIENCE
  let refusal: unknown
  while (await isServerAlive(home)) {
    const file = await readPostmasterFile(home)
    if (file?.status === 'ready') {
      try {
        return await ask(home, file.port, password)
      } catch (error) {
        if (sqlstateOf(error) === SQLSTATE.invalidPassword) throw wrongPassword(home, error)
        refusal = error
      }
    }
    if (clock.now().getTime() > deadline) {
      const line = meaningfulLine(await readFile(home.log, 'utf8').catch(() => ''))
      throw embeddedRefusal(`The embedded server runs but does not answer. Its last message: ${line ?? 'none'}`, {
        remedy: `Look into ${home.log}; then end the process named in ${join(home.data, 'postmaster.pid')}.`,
        cause: refusal,
      })
    }
    await clock.sleep(RETRY)
  }
  return undefined
}

/** Reads what the server says of itself; undefined when there is nothing, or not yet. */
export async function readPostmasterFile(
  home: Pick<ServerHome, 'data'>,
): Promise<ReturnType<typeof parsePostmasterFile>> {
  const text = await readFile(join(home.data, 'postmaster.pid'), 'utf8').catch(() => '')
  return parsePostmasterFile(text)
}

/** The answer counts only when it comes from our data: the port may be another server's. */
async function ask(home: ServerHome, port: number, password: Secret): Promise<RunningServer> {
  const admin = { host: '127.0.0.1', port, database: 'postgres', user: 'postgres', password, tls: 'off' } as const
  const client = await openClient(admin, { applicationName: 'fleet/embedded' })
  try {
    const { rows } = await client.query<{ data: string; version: string }>(
      `select current_setting('data_directory') as data, current_setting('server_version') as version`,
    )
    const [row] = rows
    if (row === undefined || row.data !== (await realpath(home.data)))
      throw new Error(`Port ${port} leads to another server.`)
    return { admin, version: row.version }
  } finally {
    await closeClient(client)
  }
}

function wrongPassword(home: ServerHome, cause: unknown): Error {
  return embeddedRefusal(`The embedded server refuses the password in ${home.password}.`, {
    remedy: `Put the right one there, or end the server and move ${home.path} away to begin with an empty one.`,
    cause,
  })
}
