/**
 * What to do about a connection that Neon's proxy refused. `wait`: until the project has no operations under way, or the rate
 * is lower. `retry`: soon. `lower-concurrency`: too many computes run at once; wait until some are suspended, then stop.
 * `quota`: nothing wakes until somebody pays, and no tenant is at fault. `give-up`: asking again changes nothing.
 */
export type WakeVerdict = 'wait' | 'retry' | 'lower-concurrency' | 'quota' | 'give-up'

/** The proxy answers with this for itself, whatever is the matter; so does PostgreSQL for its own internal errors. */
const INTERNAL_ERROR = 'XX000'

/** What the proxy says; the first that fits counts. From its published source and that of the control plane's messages. */
const TEXTS: readonly (readonly [pattern: RegExp, verdict: WakeVerdict])[] = [
  [/already has running operations/i, 'wait'],
  [/exceeded the rate limit/i, 'wait'],
  [/exceeded the limit of concurrently active endpoints/i, 'lower-concurrency'],
  [/exceeded the .*quota/i, 'quota'],
  [/exceeded the compute time for this branch/i, 'quota'],
  [/endpoint cannot be found/i, 'give-up'],
  [/could not be found, or you don't have access to it/i, 'give-up'],
  [/endpoint is disabled/i, 'give-up'],
  [/role you're attempting to use is protected/i, 'give-up'],
  [/connection is insecure/i, 'give-up'],
  [/Couldn't connect to compute node/i, 'retry'],
  [/Failed to acquire permit to connect/i, 'retry'],
  [/Too many connections attempts/i, 'retry'],
  // Bare, or "endpoint is temporarily unavailable. Check your quotas …": it may pass, and may be a quota.
  [/Control plane request failed/i, 'retry'],
]

/**
 * Judges an error that came before the connection was ready for a query: later the same SQLSTATE is PostgreSQL's.
 * Undefined: it is none of the proxy's.
 */
export function judgeWakeError(error: { readonly code?: string; readonly message: string }): WakeVerdict | undefined {
  if (error.code !== INTERNAL_ERROR) return undefined
  return TEXTS.find(([pattern]) => pattern.test(error.message))?.[1]
}
