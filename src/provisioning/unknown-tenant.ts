import { closest, distance } from 'fastest-levenshtein'
import { FleetError } from '../model/errors.ts'

/** Says that there is no such tenant, and which id may have been meant. */
export function unknownTenant(id: string, ids: readonly string[]): FleetError {
  const near = ids.length > 0 ? closest(id, ids) : undefined
  const hint = near !== undefined && distance(id, near) <= Math.max(2, id.length / 2) ? ` Close: ${near}.` : ''
  return new FleetError('TENANT_UNKNOWN', `There is no tenant "${id}".${hint}`)
}
