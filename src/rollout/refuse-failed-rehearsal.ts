import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { findRehearsalOf } from '../catalog/rehearsals.ts'
import { FleetError } from '../model/errors.ts'

/**
 * Refuses a plan that failed when it was rehearsed last, within the time for which a rehearsal counts.
 * @throws FleetError REHEARSAL_FAILED
 */
export async function refuseFailedRehearsal(db: CatalogDb, digest: string): Promise<void> {
  const last = await findRehearsalOf(db, digest)
  if (last?.state !== 'failed') return
  const causes = (last.report?.failures ?? []).map(({ migration, sqlstate, message, count, example }) =>
    [`${count} × ${migration ?? 'before any migration'}`, sqlstate, `${message} (e.g. ${example})`]
      .filter((it) => it !== null)
      .join('  '),
  )
  throw new FleetError(
    'REHEARSAL_FAILED',
    [`Plan ${digest.slice(0, 8)} failed in rehearsal ${last.id}:`, ...causes.map((it) => `  ${it}`)].join('\n'),
    {
      remedy:
        'Correct the migration, or the data and make a new restore point of the tenant, and rehearse again. To start it all the same: --force',
    },
  )
}
