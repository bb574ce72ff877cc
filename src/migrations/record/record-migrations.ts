import type { DynamicReason } from '../../model/assessment.ts'
import type { Migration } from '../migration.ts'
import type { RecorderSetup } from './messages.ts'
import { firstDifference } from './observe-migration.ts'
import { type Observation, Recorder } from './recorder.ts'
import type { Recording } from './recording.ts'

export interface RecordOptions {
  /** Brings the plugins of the configuration. Left out: there are none. */
  readonly setup?: RecorderSetup
  /** How long one migration may take, in milliseconds. Default 10 s. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

/**
 * Runs migrations without a database and writes down what they send. Each runs several times, with other answers, at another
 * time, with failures: one that always sends the same is static. They are imported from their files, in other processes.
 * @throws the signal's reason, or an Error when no process can be started
 */
export async function recordMigrations(
  migrations: readonly Migration[],
  { setup, timeout = 10_000, signal }: RecordOptions = {},
): Promise<readonly Recording[]> {
  const options = { setup: setup ?? null, timeout, signal }
  const first = new Recorder({ ...options, clockShift: 0, random: 'high' })
  const repeat = new Recorder({ ...options, clockShift: CLOCK_SHIFT, random: 'low' })
  try {
    const recordings: Recording[] = []
    for (const migration of migrations) {
      signal?.throwIfAborted()
      const { name, file, path, checksum, reversed = false } = migration
      const request = { file: { name, file, path, checksum }, reversed }
      const observed = await Promise.all([
        first.record({ ...request, runs: 'all' }),
        repeat.record({ ...request, runs: 'once' }),
      ])
      recordings.push(judge(name, ...observed))
    }
    return recordings
  } finally {
    await Promise.all([first.close(), repeat.close()])
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
