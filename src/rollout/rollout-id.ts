import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { findLatest, findRollout, listRollouts, type RolloutRow } from '../catalog/rollouts.ts'
import { FleetError } from '../model/errors.ts'

/** Prints the number of a rollout as it is typed: `r7`. */
export function formatRolloutId(id: number): string {
  return `r${id}`
}

/**
 * Finds a rollout by what was typed, `r7` or `7`; left out: the active one, else the last.
 * @throws FleetError ROLLOUT_UNKNOWN, naming the last ones
 */
export async function findByTypedId(db: CatalogDb, typed: string | undefined): Promise<RolloutRow> {
  if (typed === undefined) {
    const latest = await findLatest(db)
    if (latest === undefined)
      throw new FleetError('ROLLOUT_UNKNOWN', 'There was no rollout yet.', { remedy: 'Start one: fleet rollout start' })
    return latest
  }
  const number = /^r?(\d{1,9})$/.exec(typed)?.[1]
  const row = number === undefined ? undefined : await findRollout(db, Number(number))
  if (row !== undefined && row.state !== 'planned') return row
  const last = (await listRollouts(db, 5)).map((it) => formatRolloutId(it.id))
  throw new FleetError(
    'ROLLOUT_UNKNOWN',
    `There is no rollout "${typed}". The last ones: ${last.join(', ') || 'none'}.`,
  )
}
