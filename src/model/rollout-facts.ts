import type { RolloutState } from './rollout-state.ts'

/** What the next step of a rollout is decided on: recorded facts whose cost does not grow with the fleet. */
export interface RolloutFacts {
  readonly state: RolloutState
  /** Of the driver that holds the lease. */
  readonly epoch: number
  /** Recorded migrations that still have to be proven, by name. */
  readonly proving: readonly string[]
  /** Recorded migrations that some tenant was sent differently, by name. */
  readonly deviating: readonly string[]
  /** Servers that take no tenant until the rollout is resumed, and why. */
  readonly unfit: readonly UnfitServer[]
  readonly waves: readonly WaveFacts[]
}

/** A server that is full, read-only or away. */
export interface UnfitServer {
  readonly server: string
  readonly message: string
}

export interface WaveFacts {
  readonly name: string
  readonly position: number
  readonly concurrency: number
  readonly maxFailures: number
  /** Some run waits for its turn. */
  readonly pending: boolean
  /** Some of those are on a server that takes tenants. */
  readonly open: boolean
  readonly running: number
  readonly failed: number
  readonly startedAt: string | null
  readonly finishedAt: string | null
}
