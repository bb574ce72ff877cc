import { type Clock, systemClock } from '../../lib/clock.ts'
import { findBinaryPackage, usableBinaries } from './binaries.ts'
import { embeddedRefusal } from './embedded-refusal.ts'
import { acquireFileLock, type FileLock, openFileLock } from './file-lock.ts'
import { initializeData, readPassword } from './initialize-data.ts'
import { findRunningServer, type RunningServer } from './running-server.ts'
import { describeAccount } from './server-account.ts'
import { openServerHome, type ServerHome } from './server-home.ts'
import { explainFileError } from './server-output.ts'
import { startServer } from './start-server.ts'
import { stopServer } from './stop-server.ts'

/** One use of the embedded server. The server runs as long as anybody on this machine uses it. */
export interface EmbeddedServer extends RunningServer {
  /** Whether this use started it; else it ran already. */
  readonly started: boolean
  readonly dataDirectory: string
  readonly log: string
  /** Who the server runs as, for people. */
  readonly runsAs: string
  /** Ends this use; the last one stops the server and waits until it is gone. May be called twice. */
  release(): Promise<void>
}

export interface EmbeddedServerOptions {
  /** The project's `.fleet`, absolute; made if missing. */
  readonly directory: string
  readonly clock?: Clock
  /** Where root keeps data and programs that the server's user could not reach in the project. */
  readonly systemDirectory?: string
}

/**
 * Starts the project's embedded PostgreSQL, or joins the one that runs.
 *
 * Three locks of the operating system make that safe between processes, and they vanish with whoever dies: `start`
 * is held alone while the server is started or stopped, `users` is shared by all who use it, so that who gets it
 * alone was the last, and `server` is held by the server's own processes.
 * @throws FleetError EMBEDDED_UNAVAILABLE with the reason
 */
export async function useEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { directory, clock = systemClock, systemDirectory = '/var/lib/kysely-fleet' } = options
  try {
    const home = await openServerHome({ directory, systemDirectory })
    return await joinServer(home, { copyTo: home.account ? systemDirectory : directory, clock })
  } catch (error) {
    throw explainFileError(error, directory)
  }
}

async function joinServer(home: ServerHome, options: { copyTo: string; clock: Clock }): Promise<EmbeddedServer> {
  const { clock } = options
  const starting = await acquireFileLock(home.startLock, clock)
  try {
    const use = await openFileLock(home.usersLock)
    try {
      // Held alone only by who stops the server, and that one holds the start lock.
      if (!use.tryShared()) throw embeddedRefusal(`${home.usersLock} is locked by another program.`)
      const password = await readPassword(home)
      const running = password && (await findRunningServer(home, password, clock))
      const server = running ?? (await initializeAndStart(home, options))
      let released: Promise<void> | undefined
      return {
        ...server,
        started: running === undefined,
        dataDirectory: home.data,
        log: home.log,
        runsAs: describeAccount(home.account),
        release: () => {
          released ??= leaveServer(home, use, clock)
          return released
        },
      }
    } catch (error) {
      use.close()
      throw error
    }
  } finally {
    starting.close()
  }
}

async function initializeAndStart(
  home: ServerHome,
  { copyTo, clock }: { copyTo: string; clock: Clock },
): Promise<RunningServer> {
  const binaries = await usableBinaries(await findBinaryPackage(), { account: home.account, copyTo, clock })
  await initializeData(home, binaries, clock)
  const password = await readPassword(home)
  if (password === undefined) throw embeddedRefusal(`${home.data} was removed while the server was being started.`)
  return startServer({ home, binaries, password, clock })
}

async function leaveServer(home: ServerHome, use: FileLock, clock: Clock): Promise<void> {
  // `.fleet` was removed, and perhaps made anew: what runs there now is not ours to stop, and a server whose data is
  // gone ends by itself within a minute.
  if (!use.isCurrent()) return use.close()
  const starting = await acquireFileLock(home.startLock, clock)
  try {
    if (use.tryExclusive()) await stopServer(home, clock)
  } finally {
    use.close()
    starting.close()
  }
}
