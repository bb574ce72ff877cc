import { FleetError } from '../model/errors.ts'

/** A migration file at hand. */
export interface FileAtHand {
  readonly name: string
  readonly file: string
  readonly checksum: string
}

/** What tenants have of a migration. */
export interface AppliedMigration {
  readonly name: string
  readonly checksum: string | null
  /** Of what it sent, where it was recorded. */
  readonly sqlChecksum: string | null
  readonly tenants: number
}

/** Records migrations by name; returns the checksums of what the static ones send. */
export type SqlChecksumsOf = (names: readonly string[]) => Promise<ReadonlyMap<string, string>>

/**
 * Refuses files that are not what tenants have applied: edited since, or gone. One that was only re-formatted still sends
 * the same SQL.
 * @returns the checksums of what the re-formatted ones send
 * @throws FleetError MIGRATIONS_DIFFER naming each file and how many tenants have it
 */
export async function checkMigrations(
  files: readonly FileAtHand[],
  applied: readonly AppliedMigration[],
  sqlChecksumsOf: SqlChecksumsOf,
): Promise<ReadonlyMap<string, string>> {
  const reformatted = await findReformatted(files, applied, sqlChecksumsOf)
  const byName = new Map(files.map((file) => [file.name, file]))
  const problems: string[] = []
  let edited: string | undefined
  for (const { name, checksum, tenants } of applied) {
    if (tenants === 0) continue
    const file = byName.get(name)
    if (file === undefined) problems.push(`${name} was applied by ${count(tenants)}, and there is no file for it.`)
    else if (checksum !== null && checksum !== file.checksum && !reformatted.has(name)) {
      edited ??= name
      problems.push(`${file.file} was changed after ${count(tenants)} applied it.`)
    }
  }
  if (problems.length === 0) return reformatted
  throw new FleetError('MIGRATIONS_DIFFER', problems.join('\n'), {
    remedy:
      edited === undefined
        ? 'Restore the file from version control.'
        : `Restore the file from version control or, if the change is harmless, run: fleet migrate accept ${edited}`,
  })
}

/** Finds files that are not the ones that were applied, and still send the same SQL; returns its checksums by name. */
export async function findReformatted(
  files: readonly FileAtHand[],
  applied: readonly AppliedMigration[],
  sqlChecksumsOf: SqlChecksumsOf,
): Promise<ReadonlyMap<string, string>> {
  const edited = applied.filter(({ name, checksum, sqlChecksum, tenants }) => {
    const file = files.find((it) => it.name === name)
    return tenants > 0 && file !== undefined && sqlChecksum !== null && checksum !== file.checksum
  })
  if (edited.length === 0) return new Map()
  const now = await sqlChecksumsOf(edited.map(({ name }) => name))
  return new Map(
    edited.flatMap(({ name, sqlChecksum }) =>
      sqlChecksum !== null && now.get(name) === sqlChecksum ? [[name, sqlChecksum] as const] : [],
    ),
  )
}

/** Says that a file sorts before one that tenants have applied already. */
export function outOfOrder(file: string, before: string, tenants: number): FleetError {
  return new FleetError(
    'MIGRATIONS_DIFFER',
    `${file} sorts before ${before}, which ${count(tenants)} applied without it.`,
    {
      remedy: `Rename it so that it comes last, or set migrations.allowUnordered.`,
    },
  )
}

function count(tenants: number): string {
  return `${tenants} tenant${tenants === 1 ? '' : 's'}`
}
