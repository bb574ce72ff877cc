import type { CatalogDb } from './catalog-schema.ts'
import { parseId } from './restore-point-id.ts'

/** What becomes of a restore point while it is ready. */
export interface RestorePointNote {
  /** A copy of its position is going to be made: from now on there may be something that has to be removed. */
  readonly has_copy?: true
  /** The copy that was made of its position. */
  readonly database_id?: string
  /** It goes with its tenant: it is not removed before, though its time is over. */
  readonly goes_with_tenant?: true
}

/** Writes down what has become of a restore point; nothing if it is not ready any more. */
export async function noteRestorePoint(db: CatalogDb, id: string, note: RestorePointNote): Promise<void> {
  await db
    .updateTable('fleet.restore_point')
    .set(note)
    .where('id', '=', parseId(id))
    .where('state', '=', 'ready')
    .execute()
}
