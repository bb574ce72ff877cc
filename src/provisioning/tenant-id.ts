import { FleetError } from '../model/errors.ts'

// Two underscores in a row are kept for databases of our own: with them, `b__catalog` of fleet x is the catalog of x_b.
// A dash at the end is how `fleet tenant tag` removes a tag.
const NEW_ID = /^(?!.*__)(?!.*-$)[a-z0-9][a-z0-9_-]{0,39}$/
const ADOPTED_ID = /^[A-Za-z0-9._-]{1,63}$/

/** @throws FleetError TENANT_ID_INVALID when an id cannot be that of a new tenant: it becomes part of a database's name */
export function checkNewId(id: string): void {
  if (!NEW_ID.test(id)) {
    throw new FleetError('TENANT_ID_INVALID', `"${id}" cannot be the id of a tenant.`)
  }
}

/** Says whether an id may be that of an adopted tenant, whose database has its own name already. */
export function isAdoptableId(id: string): boolean {
  return ADOPTED_ID.test(id)
}
