import type { Clock } from '../../lib/clock.ts'
import { embeddedRefusal } from './embedded-refusal.ts'
import { isServerAlive, readPostmasterFile } from './running-server.ts'
import type { ServerHome } from './server-home.ts'

/** PostgreSQL's fast shutdown ends the sessions and writes a checkpoint, the immediate one leaves that to a recovery. */
const SHUTDOWNS = [
  { signal: 'SIGINT', patience: 60_000 },
  { signal: 'SIGQUIT', patience: 10_000 },
] as const
const RETRY = 20

/**
 * Stops the server and waits until its last process is gone; none is fine. Call it while holding the start lock.
 * @throws FleetError EMBEDDED_UNAVAILABLE when it stays
 */
export async function stopServer(home: Pick<ServerHome, 'data' | 'serverLock'>, clock: Clock): Promise<void> {
  for (const { signal, patience } of SHUTDOWNS) {
    const deadline = clock.now().getTime() + patience
    let told: number | undefined
    while (clock.now().getTime() < deadline) {
      if (!(await isServerAlive(home))) return
      // One that is just starting has not written its process id yet.
      const pid = (await readPostmasterFile(home))?.pid
      if (pid !== undefined && pid !== told) {
        tell(pid, signal)
        told = pid
      }
      await clock.sleep(RETRY)
    }
  }
  throw embeddedRefusal(`The embedded server does not stop. Its data is in ${home.data}.`, {
    remedy: `End the process named in the first line of ${home.data}/postmaster.pid.`,
  })
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // Gone by itself: its last processes are going too.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
