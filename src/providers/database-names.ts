import { FleetError } from '../model/errors.ts'
import type { Mark } from '../model/mark.ts'

/** What PostgreSQL keeps of a name: it cuts longer ones off, so that two could become one. */
const MOST_BYTES = 63

/** Returns the key of what `databaseName` has given a name, of this fleet and kind. */
export function keyOfDatabase(name: string, { fleet, kind }: Pick<Mark, 'fleet' | 'kind'>): string {
  return name.slice(nameOf({ fleet, kind, key: '' }).length)
}

/**
 * Returns the name of the database that a mark stands for; a tenant's login role has the same. Ids never begin with
 * an underscore, so that no tenant is named like a template or the catalog.
 * @throws FleetError CONFIG_INVALID when PostgreSQL would cut it off
 */
export function databaseName(mark: Mark): string {
  const name = nameOf(mark)
  if (Buffer.byteLength(name) <= MOST_BYTES) return name
  throw new FleetError(
    'CONFIG_INVALID',
    `The name "${name}" is longer than the ${MOST_BYTES} bytes that PostgreSQL keeps.`,
    {
      remedy: 'Give the fleet or the tenant a shorter name.',
    },
  )
}

/**
 * Returns the name of the login role of a tenant's application: that of its database.
 * @param taken names of roles that are there for something else
 * @throws FleetError TENANT_ID_INVALID for one of these, CONFIG_INVALID as `databaseName`
 */
export function loginRoleName(mark: Mark, taken: readonly string[]): string {
  const name = databaseName(mark)
  if (!taken.includes(name)) return name
  throw new FleetError(
    'TENANT_ID_INVALID',
    `"${mark.key}" cannot be the id of a tenant of fleet "${mark.fleet}": role "${name}" is there for something else.`,
    { remedy: 'Choose another id.' },
  )
}

function nameOf({ fleet, kind, key }: Pick<Mark, 'fleet' | 'kind' | 'key'>): string {
  return {
    tenant: `${fleet}_${key}`,
    template: `${fleet}__template_${key}`,
    scratch: `${fleet}__scratch_${key}`,
    'restore-point': `${fleet}__restore_${key}`,
    'kept-state': `${fleet}__restore_${key}`,
    rehearsal: `${fleet}__rehearsal_${key}`,
    catalog: `${fleet}__catalog`,
  }[kind]
}
