import type { ApplyOutcome, ApplyPhase } from '../migrations/apply-migrations.ts'
import { storedMessage } from './stored-message.ts'

/** What becomes of a run after an attempt. */
export type Settlement =
  | { readonly kind: 'succeed'; readonly history: readonly string[] }
  | { readonly kind: 'fail'; readonly cause: Cause; readonly history: readonly string[] | null }
  | {
      readonly kind: 'release'
      readonly reason: 'busy' | 'error'
      /** Whether it used up one of the tries. */
      readonly counts: boolean
      readonly retryInMs: number
      readonly cause: Cause
      readonly history: readonly string[] | null
      /** Not the tenant's fault: what must stop besides. */
      readonly stop: 'server' | 'rollout' | null
    }

export interface Cause {
  readonly migration: string | null
  readonly sqlstate: string | null
  readonly message: string
}

/** Where a migration may have done part of its work, unless a transaction took it back. */
const STEPS: readonly ApplyPhase[] = ['statement', 'commit', 'concurrent-step']
const NOT_REPEATED = 'dynamic and outside a transaction: look at it, then fleet rollout retry'
const BUSY_MS = 1_000
const BACKOFF_MS = 500
const BACKOFF_MOST_MS = 30_000

export interface SettleOptions {
  /** Errors before this attempt. */
  readonly tries: number
  readonly attempts: number
  /** Between 0 and 1: spreads retries, so that tenants of one server do not come back at the same moment. */
  readonly jitter: number
  /** Whether the tenant's server has other tenants, too. */
  readonly sharesServer: boolean
  /** Whether a migration that stopped on an error may simply be tried again. */
  readonly isRepeatable: (migration: string) => boolean
}

/**
 * Decides what becomes of a run: errors are tried again with growing waits until the tries are used up, being busy costs
 * nothing, and what is the server's or the role's fault is not held against the tenant. One that is away is asked as often as
 * after an error; after that its tenants wait.
 */
export function settleAttempt(
  outcome: ApplyOutcome,
  { tries, attempts, jitter, sharesServer, isRepeatable }: SettleOptions,
): Settlement {
  if (outcome.kind === 'applied') return { kind: 'succeed', history: outcome.history }
  const { migration, sqlstate, history } = outcome
  const message = storedMessage(sqlstate, outcome.message)
  const cause: Cause = { migration, sqlstate, message }
  if (outcome.kind === 'failure') return { kind: 'fail', cause, history }
  const release = { kind: 'release', cause, history, counts: false, stop: null } as const
  if (outcome.kind === 'busy') return { ...release, reason: 'busy', retryInMs: Math.round(BUSY_MS * (1 + jitter)) }
  if (outcome.kind === 'server') return { ...release, reason: 'error', retryInMs: 0, stop: 'server' }
  if (outcome.kind === 'rights') return { ...release, reason: 'error', retryInMs: 0, stop: 'rollout' }
  const begun = STEPS.includes(outcome.phase)
  if (begun && migration !== null && !isRepeatable(migration)) {
    return { kind: 'fail', cause: { ...cause, message: `${message} (${NOT_REPEATED})` }, history }
  }
  if (tries + 1 >= attempts) {
    const isAway = outcome.kind === 'service-away' || (outcome.kind === 'server-away' && sharesServer)
    if (isAway) return { ...release, reason: 'error', retryInMs: 0, stop: 'server' }
    return { kind: 'fail', cause: { ...cause, message: `${message} (after ${attempts} attempts)` }, history }
  }
  const wait = Math.min(BACKOFF_MOST_MS, BACKOFF_MS * 2 ** tries)
  return { ...release, reason: 'error', counts: true, retryInMs: Math.round(wait * (0.5 + jitter)) }
}
