import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { readmitMigrations } from '../catalog/known-migrations.ts'
import { holdNewTenants, readReleasedVersion, release } from '../catalog/meta.ts'
import { countByServer } from '../catalog/tenant-counts.ts'

/** Says whether a migration comes after another in the order of the files; null is before the first. */
export function isNewer(
  migrations: readonly { readonly name: string }[],
  name: string | null,
  than: string | null,
): boolean {
  const position = (it: string | null) => migrations.findIndex((migration) => migration.name === it)
  // One that there is no file for cannot be compared: nothing is known to be newer.
  if (than !== null && position(than) === -1) return false
  return position(name) > position(than)
}

/**
 * Makes a version that every tenant has already what new tenants get, also what an undo has taken back of it. Never an older one
 * than now, or they would be behind at once; unless there are no tenants.
 * @param upToTarget the migrations up to that version, in order
 */
export async function releaseReached(
  db: CatalogDb,
  migrations: readonly { readonly name: string }[],
  upToTarget: readonly string[],
): Promise<void> {
  const target = upToTarget.at(-1) ?? null
  await db.transaction().execute(async (tx) => {
    await holdNewTenants(tx)
    await readmitMigrations(tx, upToTarget)
    const empty = (await countByServer(tx)).length === 0
    if (empty || isNewer(migrations, target, await readReleasedVersion(tx))) await release(tx, target)
  })
}
