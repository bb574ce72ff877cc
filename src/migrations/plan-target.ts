import { FleetError } from '../model/errors.ts'

/** A file, and what the catalog knows of it. */
export interface TargetInput {
  readonly migrations: readonly { readonly name: string; readonly file: string; readonly checksum: string }[]
  readonly known: readonly {
    readonly name: string
    readonly checksum: string | null
    readonly withdrawnBy: number | null
  }[]
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
export function planTarget({ migrations, known, to, again }: TargetInput): {
  readonly target: string | null
  readonly withdrawn: readonly string[]
} {
  const isWithdrawn = (file: TargetInput['migrations'][number]) =>
    known.some(
      ({ name, checksum, withdrawnBy }) => name === file.name && withdrawnBy !== null && checksum === file.checksum,
    )
  const withdrawn = again ? [] : migrations.filter(isWithdrawn)
  const [first] = withdrawn
  const target = to ?? migrations.at(-1)?.name ?? null
  const at = (name: string | null) => migrations.findIndex((it) => it.name === name)
  if (first === undefined || at(target) < at(first.name)) return { target, withdrawn: [] }
  if (to !== undefined) {
    const by = known.find(({ name }) => name === first.name)?.withdrawnBy
    throw new FleetError(
      'MIGRATION_WITHDRAWN',
      `${first.file} was taken back by rollout r${by}, and is still the same.`,
    )
  }
  return { target: migrations[at(first.name) - 1]?.name ?? null, withdrawn: withdrawn.map(({ name }) => name) }
}
