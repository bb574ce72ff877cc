import type { RolloutEvent } from '../model/events.ts'
import type { CatalogDb } from './catalog-schema.ts'

/** Keeps an event of a rollout. What happens to single tenants is in their runs; only failures are kept here too. */
export async function recordEvent(db: CatalogDb, rolloutId: number, event: RolloutEvent): Promise<void> {
  const { at, rolloutId: _, type, ...data } = event
  await db
    .insertInto('fleet.event')
    .values({
      at: new Date(at),
      rollout_id: rolloutId,
      tenant_id: 'tenantId' in event ? event.tenantId : null,
      type,
      data: JSON.stringify(data),
    })
    .execute()
}
