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
  readonly tenants: number
}

/**
 * Refuses files that are not what tenants have applied: edited since, or gone.
 * @throws FleetError MIGRATIONS_DIFFER naming each file and how many tenants have it
 */
export function checkMigrations(files: readonly FileAtHand[], applied: readonly AppliedMigration[]): void {
  const byName = new Map(files.map((file) => [file.name, file]))
  const problems: string[] = []
  let edited: string | undefined
  for (const { name, checksum, tenants } of applied) {
    if (tenants === 0) continue
    const file = byName.get(name)
    if (file === undefined) problems.push(`${name} was applied by ${count(tenants)}, and there is no file for it.`)
    else if (checksum !== null && checksum !== file.checksum) {
      edited ??= name
      problems.push(`${file.file} was changed after ${count(tenants)} applied it.`)
    }
  }
  if (problems.length === 0) return
  throw new FleetError('MIGRATIONS_DIFFER', problems.join('\n'), {
    remedy:
      edited === undefined
        ? 'Restore the file from version control.'
        : `Restore the file from version control or, if the change is harmless, run: fleet migrate accept ${edited}`,
  })
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
