import type { Clock } from '../../lib/clock.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import { consoleRefusal, openConsole } from './console-session.ts'

const TRIES = 3
const BETWEEN_MS = 200
const PATIENCE_MS = 5_000

/**
 * Lets the clients of a database go on that a PgBouncer has paused, also where it has forgotten that, or the database.
 * @throws FleetError CLIENTS_NOT_PAUSED when its console does not answer, or does not do so, three times in a row
 */
export async function resumeEntry(to: ConnectionDescriptor, entry: string, clock: Clock): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await resume(to, entry)
    } catch (error) {
      if (attempt === TRIES) throw error
      await clock.sleep(BETWEEN_MS)
    }
  }
}

async function resume(to: ConnectionDescriptor, entry: string): Promise<void> {
  const session = await openConsole(to)
  try {
    await session.send(`resume ${quoteIdentifier(entry)}`, { timeout: PATIENCE_MS }).catch(async (error: unknown) => {
      // So it answers as well where nothing is paused, or nothing is there: what counts is what is.
      const isPaused = (await session.entries()).some(({ name, paused }) => name === entry && paused)
      if (isPaused) throw consoleRefusal(session.address, error instanceof Error ? error.message : String(error), error)
    })
  } finally {
    await session.close()
  }
}
