import { FleetError } from '../model/errors.ts'
import type { Mark } from '../model/mark.ts'

/** What PostgreSQL keeps of a name: it cuts longer ones off, so that two could become one. */
const MOST_BYTES = 63

/**
 * Returns the name of the database that a mark stands for; a tenant's login role has the same. Ids never begin with
 * an underscore, so that no tenant is named like a template or the catalog.
 * @throws FleetError CONFIG_INVALID when PostgreSQL would cut it off
 */
export function databaseName({ fleet, kind, key }: Mark): string {
  const name = {
    tenant: `${fleet}_${key}`,
    template: `${fleet}__template_${key}`,
    scratch: `${fleet}__scratch_${key}`,
    'restore-point': `${fleet}__restore_${key}`,
    'kept-state': `${fleet}__restore_${key}`,
    rehearsal: `${fleet}__rehearsal_${key}`,
    catalog: `${fleet}__catalog`,
  }[kind]
  if (Buffer.byteLength(name) <= MOST_BYTES) return name
  throw new FleetError(
    'CONFIG_INVALID',
    `The name "${name}" is longer than the ${MOST_BYTES} bytes that PostgreSQL keeps.`,
    {
      remedy: 'Give the fleet or the tenant a shorter name.',
    },
  )
}
