import { FleetError } from '../model/errors.ts'
import type { WithdrawnMigration } from '../model/withdrawn-migration.ts'
import type { FileAtHand } from './check-migrations.ts'

export interface TargetInput {
  readonly migrations: readonly FileAtHand[]
  readonly withdrawn: readonly WithdrawnMigration[]
  /** The last migration to apply; undefined: the newest. */
  readonly to: string | undefined
  /** Take also what an undo has withdrawn. */
  readonly again: boolean
}

/**
 * Returns up to where a rollout goes, null where there is nothing to apply at all: what an undo has taken back stops it
 * until the file is another one, since what comes after may build on it.
 * @throws FleetError MIGRATION_WITHDRAWN when more was asked for by name
 */
export function planTarget({ migrations, withdrawn, to, again }: TargetInput): {
  readonly target: string | null
  readonly withdrawn: readonly string[]
} {
  const stopped = again ? [] : migrations.filter((file) => isWithdrawn(file, withdrawn))
  const [first] = stopped
  const target = to ?? migrations.at(-1)?.name ?? null
  const at = (name: string | null) => migrations.findIndex((it) => it.name === name)
  if (first === undefined || at(target) < at(first.name)) return { target, withdrawn: [] }
  if (to !== undefined) {
    const by = withdrawn.find(({ name }) => name === first.name)?.by
    throw new FleetError(
      'MIGRATION_WITHDRAWN',
      `${first.file} was taken back by rollout r${by}, and is still the same.`,
    )
  }
  return { target: migrations[at(first.name) - 1]?.name ?? null, withdrawn: stopped.map(({ name }) => name) }
}

/**
 * Returns what a new tenant gets: up to the released version, or all while there is none, and up to what an undo took back;
 * undefined where there is no file for the released version.
 */
export function migrationsReleased<T extends FileAtHand>(
  migrations: readonly T[],
  { withdrawn, released }: Pick<TargetInput, 'withdrawn'> & { readonly released: string | null },
): readonly T[] | undefined {
  const { target } = planTarget({ migrations, withdrawn, to: undefined, again: false })
  const upTo = (name: string | null) => migrations.findIndex((it) => it.name === name) + 1
  if (released !== null && upTo(released) === 0) return undefined
  return migrations.slice(0, Math.min(upTo(target), released === null ? migrations.length : upTo(released)))
}

/** Says whether a file is what an undo has taken back. */
export function isWithdrawn(
  file: Pick<FileAtHand, 'name' | 'checksum'>,
  withdrawn: readonly WithdrawnMigration[],
): boolean {
  return withdrawn.some(({ name, checksum }) => name === file.name && checksum === file.checksum)
}
