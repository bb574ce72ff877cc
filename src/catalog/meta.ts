import type { CatalogDb, CatalogTransaction } from './catalog-schema.ts'

// The one row of fleet.meta is locked before any rollout's row: shared by whoever makes a tenant ready, exclusively by
// whoever starts or completes a rollout. So no tenant can slip in between a start that does not see it and a joiner
// that does not see the start.

/** Returns the version that new tenants get; null: no rollout over the whole fleet has completed yet. */
export async function readReleasedVersion(db: CatalogDb): Promise<string | null> {
  const row = await db.selectFrom('fleet.meta').select('released_version').executeTakeFirstOrThrow()
  return row.released_version
}

/** Locks out the start and completion of rollouts until the end of the transaction. */
export async function holdRollouts(tx: CatalogTransaction): Promise<void> {
  await tx.selectFrom('fleet.meta').select('fleet').forShare().execute()
}

/** Waits for tenants that are being made ready, and locks them out until the end of the transaction. */
export async function holdNewTenants(tx: CatalogTransaction): Promise<void> {
  await tx.selectFrom('fleet.meta').select('fleet').forUpdate().execute()
}

/** Sets the version that new tenants get. */
export async function release(db: CatalogDb, version: string | null): Promise<void> {
  await db.updateTable('fleet.meta').set({ released_version: version }).execute()
}

/** Returns what `fleet catalog show` prints of it. */
export async function readMeta(db: CatalogDb): Promise<{ fleet: string; catalog_id: string; least_program: string }> {
  return db.selectFrom('fleet.meta').select(['fleet', 'catalog_id', 'least_program']).executeTakeFirstOrThrow()
}

/** Notes that tags or pins change: whoever looked at a plan before has looked at other waves. */
export async function noteChangedTags(tx: CatalogTransaction): Promise<void> {
  await tx
    .updateTable('fleet.meta')
    .set((eb) => ({ tags_generation: eb('tags_generation', '+', 1) }))
    .execute()
}

/** Returns a number that is another one after tags or pins of any tenant have changed. */
export async function readTagsGeneration(db: CatalogDb): Promise<number> {
  const row = await db.selectFrom('fleet.meta').select('tags_generation').executeTakeFirstOrThrow()
  return row.tags_generation
}
