import { createHash } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import type { Secret } from '../../model/secret.ts'
import type { RateLimits } from './next-start.ts'
import { createRateLimiter, type RateLimiter } from './rate-limiter.ts'

const LIMITERS = new WeakMap<Clock, Map<string, RateLimiter>>()

/**
 * Returns the limiter of an API key, which all of this process share: Neon counts by account. Where they were given
 * different limits, the lowest count.
 */
export function sharedRateLimiter(apiKey: Secret, limits: RateLimits, clock: Clock): RateLimiter {
  const limiters = LIMITERS.get(clock) ?? new Map<string, RateLimiter>()
  LIMITERS.set(clock, limiters)
  const name = createHash('sha256').update(apiKey.reveal()).digest('hex')
  const limiter = limiters.get(name) ?? createRateLimiter(limits, clock)
  limiters.set(name, limiter)
  limiter.lowerTo(limits)
  return limiter
}
