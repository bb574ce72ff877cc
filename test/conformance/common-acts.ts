import type { Placement } from '../../src/model/tenant.ts'
import { closeClient, openClient } from '../../src/postgres/connect.ts'
import type { TestFleet } from './provider-setup.ts'

/** Deletes a tenant in which its application is at work, and returns what ended that. */
export async function deleteUnderSession(
  { provider, application, mark }: TestFleet,
  { id, placement }: { readonly id: string; readonly placement: Placement },
): Promise<unknown> {
  const client = await openClient(await application(placement), { applicationName: 'an application' })
  const working = client.query('select pg_sleep(600)').catch((error: unknown) => error)
  await provider.deleteDatabase(placement, mark('tenant', id))
  const ended = await working
  await closeClient(client)
  return ended
}

/** Makes eight tenants of one template at the same time, half of them by another process. */
export async function createEight({ provider, second, template, tenant }: TestFleet): Promise<readonly Placement[]> {
  const model = await template()
  const ids = Array.from({ length: 8 }, (_, index) => `tenant-${index}`)
  return Promise.all(ids.map((id, index) => tenant(model, id, { by: index % 2 ? second : provider })))
}
