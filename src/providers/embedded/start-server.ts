import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import type { Secret } from '../../model/secret.ts'
import type { Binaries } from './binaries.ts'
import { embeddedRefusal } from './embedded-refusal.ts'
import { openFileLock } from './file-lock.ts'
import { freePort } from './free-port.ts'
import { serverEnvironment } from './run-as.ts'
import { findRunningServer, type RunningServer } from './running-server.ts'
import type { ServerHome } from './server-home.ts'
import { diskFull, explainOutput, isPortTaken } from './server-output.ts'
import { writeWhole } from './write-whole.ts'

export interface StartServerOptions {
  readonly home: ServerHome
  readonly binaries: Binaries
  readonly password: Secret
  readonly clock: Clock
}

/** Between looking for a free port and taking it, somebody else may take it. */
const PORTS_TRIED = 5

/**
 * Starts the server on its data and waits until it answers: on the port of last time, or on a new one that is then
 * remembered. Call it while holding the start lock, when no process of the server lives.
 * @throws FleetError EMBEDDED_UNAVAILABLE with the server's last words when it does not come up
 */
export async function startServer({ home, binaries, password, clock }: StartServerOptions): Promise<RunningServer> {
  const remembered = await readFile(home.port, 'utf8').then(Number, () => undefined)
  for (let tried = 0; tried < PORTS_TRIED; tried += 1) {
    const port = await freePort(tried === 0 ? remembered : undefined)
    await spawnServer(home, binaries, port)
    const server = await findRunningServer(home, password, clock)
    if (server !== undefined) {
      if (port !== remembered) await writeWhole(home.port, `${port}\n`, 0o644)
      return server
    }
    const output = await readFile(home.log, 'utf8')
    if (!isPortTaken(output)) throw await explainEnd(home, output)
  }
  throw embeddedRefusal(
    `No free port on 127.0.0.1 for the embedded server: ${PORTS_TRIED} were taken at the last moment.`,
  )
}

async function explainEnd({ path, log }: ServerHome, output: string): Promise<Error> {
  // On a full disk the server cannot even log why it ends.
  const { bavail } = await statfs(path)
  if (bavail === 0) return diskFull(path)
  return explainOutput('The embedded server did not come up', output, { directory: path, log })
}

async function spawnServer(home: ServerHome, binaries: Binaries, port: number): Promise<void> {
  const lock = await openFileLock(home.serverLock)
  try {
    if (!lock.tryExclusive()) return
    // No process of the server lives, so this file is a dead one's, and its process id may be somebody else's by now:
    // PostgreSQL would then refuse to start.
    await rm(join(home.data, 'postmaster.pid'), { force: true })
    // The log of the run before is kept: it may say why that ended.
    await rename(home.log, `${home.log}.previous`).catch(() => {})
    const log = openSync(home.log, 'a', 0o600)
    try {
      const child = spawn(binaries.postgres, serverArguments(home, port), {
        ...home.account,
        // A group of its own: Ctrl-C in the terminal does not reach it. It outlives us.
        detached: true,
        // The last one is the lock, which so lives as long as the server's last process. No other lock is inherited.
        stdio: ['ignore', log, log, lock.fd],
        cwd: '/',
        env: serverEnvironment(),
      })
      await once(child, 'spawn')
      child.unref()
    } finally {
      closeSync(log)
    }
  } finally {
    lock.close()
  }
}

function serverArguments(home: ServerHome, port: number): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    logging_collector: 'off',
    ssl: 'off',
  }
  return ['-D', home.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}
