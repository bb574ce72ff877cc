import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { recordHistory } from '../catalog/tenants.ts'
import type { Clock } from '../lib/clock.ts'
import { mapConcurrently } from '../lib/map-concurrently.ts'
import { readHistory } from '../migrations/history.ts'
import type { HistoryTables } from '../migrations/migration.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import type { ProvisioningEvent } from '../model/events.ts'
import { isSameHistory, type Placement, type Tenant, versionOf } from '../model/tenant.ts'
import { withClient } from '../postgres/connect.ts'

const AT_ONCE = 16

export interface RefreshContext {
  readonly db: CatalogDb
  readonly connect: (tenantId: string, placement: Placement) => Promise<ConnectionDescriptor>
  readonly tables: HistoryTables
  readonly clock: Clock
  readonly publish: (event: ProvisioningEvent) => void
}

export interface RefreshResult {
  readonly read: number
  /** Where the catalog was wrong. */
  readonly corrected: readonly string[]
  readonly unreachable: readonly string[]
}

/** Reads tenants' own histories, several at once, and corrects the catalog where it differs. Only ready ones are read. */
export async function refreshTenants(
  tenants: AsyncIterable<Tenant> | Iterable<Tenant>,
  context: RefreshContext,
): Promise<RefreshResult> {
  const corrected: string[] = []
  const unreachable: string[] = []
  let read = 0
  const answers = mapConcurrently(tenants, AT_ONCE, async (tenant) => {
    if (tenant.state !== 'ready' || tenant.placement === null) return
    try {
      if (await refreshTenant(tenant, tenant.placement, context)) corrected.push(tenant.id)
      read += 1
    } catch {
      unreachable.push(tenant.id)
    }
  })
  for await (const _ of answers);
  return { read, corrected: corrected.sort(), unreachable: unreachable.sort() }
}

async function refreshTenant(tenant: Tenant, placement: Placement, context: RefreshContext): Promise<boolean> {
  const { db, connect, tables, clock, publish } = context
  const to = await connect(tenant.id, placement)
  const history = await withClient(to, { applicationName: `fleet/refresh/${tenant.id}` }, (client) =>
    readHistory(client, tables),
  )
  const changed = !isSameHistory(history, tenant.history)
  if (changed) await recordHistory(db, tenant.id, { was: tenant.history, is: history })
  publish({
    type: 'tenant.refreshed',
    at: clock.now().toISOString(),
    tenantId: tenant.id,
    version: versionOf(history),
    changed,
  })
  return changed
}
