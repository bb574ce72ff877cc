import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { firstPlacement } from '../catalog/tenants.ts'
import type { Provider } from '../providers/provider.ts'

/**
 * Refuses a configuration under which tenants would be of another kind than those that are there: what these are would be looked for
 * where it is not. One tenant speaks for all.
 * @throws FleetError CONFIG_INVALID
 */
export async function requireOneKind(db: CatalogDb, provider: Pick<Provider, 'requireKind'>): Promise<void> {
  if (provider.requireKind === undefined) return
  const placement = await firstPlacement(db)
  if (placement !== undefined) provider.requireKind(placement)
}
