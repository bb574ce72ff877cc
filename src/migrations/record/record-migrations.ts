import type { Migration } from '../migration.ts'
import { RecorderPair, type RecorderPairOptions } from './recorder-pair.ts'
import type { Recording } from './recording.ts'

export interface RecordOptions extends RecorderPairOptions {
  readonly signal?: AbortSignal
}

/**
 * Records migrations, and keeps no process for more of them.
 * @throws as RecorderPair's `record`
 */
export async function recordMigrations(
  migrations: readonly Migration[],
  { signal, ...options }: RecordOptions = {},
): Promise<readonly Recording[]> {
  const pair = new RecorderPair(options)
  try {
    return await pair.record(migrations, signal)
  } finally {
    await pair.close()
  }
}
