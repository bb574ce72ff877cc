import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FleetConfig } from '../config/config.ts'
import type { SqlChecksumsOf } from '../migrations/check-migrations.ts'
import type { CompiledMigration } from '../migrations/compile/compiled-migration.ts'
import type { Migration } from '../migrations/migration.ts'
import type { RecorderPair } from '../migrations/record/recorder-pair.ts'
import type { RecordedMigration } from '../migrations/risk/assess-migration.ts'

/** Recordings of a process: each direction of a file is recorded once as long as it stays the same. */
export interface Recordings {
  /** @throws the reason of `close` when it was called meanwhile or before */
  of(migrations: readonly Migration[]): Promise<ReadonlyMap<string, RecordedMigration>>
  /** Those that are static. */
  compiled(migrations: readonly Migration[]): Promise<ReadonlyMap<string, CompiledMigration>>
  /** Ends the processes that record, and what they are at. May be called twice. */
  close(): Promise<void>
}

/** Returns a function that records migrations by name, for those who only want to know whether they are the same. */
export function sqlChecksums(recordings: Recordings, load: () => Promise<readonly Migration[]>): SqlChecksumsOf {
  return async (names) => {
    const compiled = await recordings.compiled((await load()).filter(({ name }) => names.includes(name)))
    return new Map([...compiled].map(([name, { checksum }]) => [name, checksum]))
  }
}

export function createRecordings({
  migrations: { plugins },
  file,
  root,
}: Pick<FleetConfig, 'migrations' | 'file' | 'root'>): Recordings {
  const done = new Map<string, RecordedMigration>()
  const keyOf = ({ name, checksum, reversed }: Migration) => `${name} ${checksum}${reversed ? ' down' : ''}`
  const setup = {
    module: SETUP,
    argument: { file: plugins.length === 0 ? null : (file ?? null), root },
    // Only the configuration that brings plugins may need it.
    environment: plugins.length === 0 ? ('none' as const) : ('all' as const),
  }

  const closing = new AbortController()
  let pair: RecorderPair | undefined
  let recording: Promise<void> = Promise.resolve()

  async function record(missing: readonly Migration[]): Promise<void> {
    // As with all that needs the parser: most commands do not.
    const { compileMigration } = await import('../migrations/compile/compile-migration.ts')
    const { RecorderPair } = await import('../migrations/record/recorder-pair.ts')
    const { findWaivers } = await import('../migrations/risk/waivers.ts')
    pair ??= new RecorderPair({ setup })
    const recordings = await pair.record(missing, closing.signal)
    for (const [index, migration] of missing.entries()) {
      const recording = recordings[index]
      if (recording === undefined) continue
      const { kind, reasons } = recording
      if (kind === 'dynamic') done.set(keyOf(migration), { kind, reasons })
      else {
        const compiled = compileMigration(migration, recording.queries)
        const waivers = recording.queries.flatMap(({ sql }) => findWaivers(sql, migration))
        done.set(keyOf(migration), { kind, compiled, waivers })
      }
    }
  }

  async function recordMissing(migrations: readonly Migration[]): Promise<void> {
    closing.signal.throwIfAborted()
    const missing = migrations.filter((it) => !done.has(keyOf(it)))
    if (missing.length > 0) await record(missing)
  }

  async function of(migrations: readonly Migration[]) {
    if (plugins.length > 0 && file === undefined) return dynamic(migrations, WITHOUT_FILE)
    // One after the other: the second of two who ask for the same at once has nothing left to record.
    const turn = recording.then(() => recordMissing(migrations))
    recording = turn.catch(() => {})
    await turn
    return new Map(migrations.flatMap((it) => entry(it.name, done.get(keyOf(it)))))
  }

  return {
    of,
    compiled: async (migrations) =>
      new Map(
        [...(await of(migrations))].flatMap(([name, it]) =>
          entry(name, it.kind === 'static' ? it.compiled : undefined),
        ),
      ),
    close: async () => {
      closing.abort(new Error('The fleet was closed.'))
      await recording
      await pair?.close()
    },
  }
}

/** Run in the recorder's process, which shares nothing with this one. */
const SETUP = new URL(`../config/set-up-recorder${extname(fileURLToPath(import.meta.url))}`, import.meta.url).href

const WITHOUT_FILE =
  'The configuration has plugins and was not loaded from a file: what they make of its queries cannot be recorded.'

function dynamic(migrations: readonly Migration[], message: string): ReadonlyMap<string, RecordedMigration> {
  const reasons = [{ message, sql: null, line: null }]
  return new Map(migrations.map(({ name }) => [name, { kind: 'dynamic', reasons }]))
}

function entry<T>(name: string, value: T | undefined): (readonly [string, T])[] {
  return value === undefined ? [] : [[name, value]]
}
