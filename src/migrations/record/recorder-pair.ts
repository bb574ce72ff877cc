import { systemClock } from '../../lib/clock.ts'
import type { DynamicReason } from '../../model/assessment.ts'
import type { Migration } from '../migration.ts'
import type { RecorderSetup } from './messages.ts'
import { firstDifference } from './observe-migration.ts'
import { type Observation, Recorder } from './recorder.ts'
import type { Recording } from './recording.ts'

export interface RecorderPairOptions {
  /** Brings the plugins of the configuration. Left out: there are none. */
  readonly setup?: RecorderSetup
  /** How long one migration may take, in milliseconds. Default 10 s. */
  readonly timeout?: number
}

/** How long the processes wait for more: starting them takes longer than recording, but a rollout may take hours. */
const KEPT_MS = 10_000

/** Two processes in which migrations are recorded. They start with the first one, are kept for the next, and end when none comes. */
export class RecorderPair {
  readonly #first: Recorder
  readonly #repeat: Recorder
  #waiting = new AbortController()

  constructor({ setup, timeout = 10_000 }: RecorderPairOptions = {}) {
    const options = { setup: setup ?? null, timeout }
    this.#first = new Recorder({ ...options, clockShift: 0, random: 'high' })
    this.#repeat = new Recorder({ ...options, clockShift: CLOCK_SHIFT, random: 'low' })
  }

  /**
   * Runs migrations without a database and writes down what they send. Each runs several times, with other answers, at another
   * time, with failures: one that always sends the same is static. They are imported from their files, in other processes.
   * One call at a time.
   * @throws the signal's reason, or an Error when no process can be started
   */
  async record(migrations: readonly Migration[], signal?: AbortSignal): Promise<readonly Recording[]> {
    this.#waiting.abort()
    try {
      const recordings: Recording[] = []
      for (const migration of migrations) {
        signal?.throwIfAborted()
        const { name, file, path, checksum, reversed = false } = migration
        const request = { file: { name, file, path, checksum }, reversed }
        const observed = await Promise.all([
          this.#first.record({ ...request, runs: 'all' }, signal),
          this.#repeat.record({ ...request, runs: 'once' }, signal),
        ])
        recordings.push(judge(name, ...observed))
      }
      return recordings
    } finally {
      this.#waiting = new AbortController()
      void this.#wait(this.#waiting.signal)
    }
  }

  /** Ends the processes at once; recording once more starts others. May be called twice. */
  async close(): Promise<void> {
    this.#waiting.abort()
    await Promise.all([this.#first.close(), this.#repeat.close()])
  }

  async #wait(signal: AbortSignal): Promise<void> {
    await systemClock.sleep(KEPT_MS, signal)
    if (!signal.aborted) await this.close()
  }
}

/** 400 days and 7 hours, and some more, so that minutes and seconds differ, too. */
const CLOCK_SHIFT = (400 * 24 + 7) * 3_600_000 + (23 * 60 + 29) * 1_000

function judge(migration: string, first: Observation, repeat: Observation): Recording {
  const difference = first.queries && repeat.queries && firstDifference(first.queries, repeat.queries, OTHERWISE)
  // What differs by itself differs with other answers, too: they are not to blame.
  const reasons = difference === undefined ? distinct([...first.reasons, ...repeat.reasons]) : [difference]
  return { migration, kind: reasons.length === 0 ? 'static' : 'dynamic', queries: first.queries ?? [], reasons }
}

const OTHERWISE = 'at another time or in another process'

function distinct(reasons: readonly DynamicReason[]): readonly DynamicReason[] {
  const same = (one: DynamicReason, other: DynamicReason) => one.message === other.message && one.line === other.line
  return reasons.filter((reason, index) => reasons.findIndex((other) => same(reason, other)) === index)
}
