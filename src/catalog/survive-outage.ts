import pRetry from 'p-retry'
import { classifySqlstate, sqlstateOf } from '../postgres/sqlstate.ts'

/** How long the catalog may be away (a failover, a restart) before a driver gives up, in milliseconds. */
const LONGEST_MS = 60_000

/**
 * Asks the catalog again while it does not answer. What is asked must bear being repeated: the first time may have been
 * committed without our knowing.
 */
export function surviveOutage<T>(ask: () => Promise<T>): Promise<T> {
  return pRetry(ask, {
    retries: 30,
    minTimeout: 200,
    maxTimeout: 5_000,
    maxRetryTime: LONGEST_MS,
    randomize: true,
    shouldRetry: ({ error }) => {
      const sqlstate = sqlstateOf(error)
      // A standby that is about to take over is read-only (25006) for a moment.
      return sqlstate !== undefined && ['error', 'server'].includes(classifySqlstate(sqlstate))
    },
  })
}
