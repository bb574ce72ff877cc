import type { BenchTask } from './contenders/contender.ts'

/** What replay must reach at least: its tenants per second divided by another contender's. */
export interface Target {
  readonly floor: number
  /** Undefined: none is set. */
  readonly migrator: number | undefined
}

/** How far the tenants' server is. */
export interface Network {
  /** What `--only` calls it. */
  readonly part: string
  readonly title: string
  /** Milliseconds that every round trip to a tenant takes longer. */
  readonly roundTrip: number
  readonly concurrency: number
  readonly targets: Readonly<Partial<Record<BenchTask, Target>>>
}

/** The nearest first. */
export const NETWORKS: readonly Network[] = [
  {
    part: 'loopback',
    title: 'On loopback',
    roundTrip: 0,
    concurrency: 8,
    targets: {
      'ten migrations': { floor: 0.9, migrator: 1.6 },
      'one migration': { floor: 0.9, migrator: 2.3 },
    },
  },
  {
    part: '5ms',
    title: 'At a round trip of 5 ms more',
    roundTrip: 5,
    concurrency: 32,
    targets: {
      'ten migrations': { floor: 0.9, migrator: undefined },
      'one migration': { floor: 0.9, migrator: undefined },
    },
  },
  {
    part: '30ms',
    title: 'At a round trip of 30 ms more',
    roundTrip: 30,
    concurrency: 32,
    targets: {
      'ten migrations': { floor: 0.9, migrator: 6 },
      'one migration': { floor: 0.9, migrator: 6 },
    },
  },
]
