import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { listAbandonedClosures, strikeOutClosure } from '../catalog/closures.ts'
import { FleetError } from '../model/errors.ts'
import type { Provider } from '../providers/provider.ts'

/**
 * Lets the clients of poolers go on that a process which is dead, or silent, has left waiting. What cannot be lifted (its
 * pooler is not reached) stays recorded, for the next command.
 */
export async function liftClosures({ db, provider }: { db: CatalogDb; provider: Provider }): Promise<void> {
  for (const closure of await listAbandonedClosures(db)) {
    await strikeOutClosure(db, closure, () => provider.reopen(closure)).catch((error: unknown) => {
      if (!(error instanceof FleetError)) throw error
    })
  }
}
