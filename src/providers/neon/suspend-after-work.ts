import type { Placement } from '../../model/tenant.ts'
import { type Client, withClient } from '../../postgres/connect.ts'
import { isCheaperToSuspend } from './estimate-neon-cost.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonEndpoint } from './neon-api.ts'
import { branchOf, connectionTo } from './own-server.ts'

/** A backend is seen for a moment after its connection has ended: sessions of our own are given so long, in milliseconds. */
const OURS_END_WITHIN_MS = 1_000
const POLL_MS = 50

/**
 * Looks whether a tenant's compute sleeps, and returns what suspends it after the work that wakes it: where that is cheaper than to
 * let it fall asleep by itself, and nobody else is in the tenant by then. Costs two calls, each made once. Nothing of it throws: a
 * compute that is not suspended falls asleep by itself.
 */
export async function suspendAfterWork(placement: Placement, account: NeonAccount): Promise<() => Promise<void>> {
  const compute = await sleepingCompute(placement, account).catch(() => undefined)
  if (compute === undefined || !isCheaperToSuspend(compute.suspendTimeoutSeconds)) return async () => {}
  return () => suspendUnlessUsed(placement, compute, account).catch(() => {})
}

async function sleepingCompute(placement: Placement, { hasty }: NeonAccount): Promise<NeonEndpoint | undefined> {
  const { projectId, branchId } = branchOf(placement)
  return (await hasty.listEndpoints(projectId, branchId)).find(({ state }) => state === 'idle')
}

async function suspendUnlessUsed(placement: Placement, { id }: NeonEndpoint, account: NeonAccount): Promise<void> {
  const to = connectionTo(placement, account)
  const isUsed = await withClient(to, { applicationName: 'fleet/suspend' }, (client) => isInUse(client, account))
  // Who comes in the moment between is disconnected, and wakes it again.
  if (!isUsed) await account.hasty.suspendEndpoint(branchOf(placement).projectId, id)
}

async function isInUse(client: Client, { clock }: NeonAccount): Promise<boolean> {
  const until = clock.now().getTime() + OURS_END_WITHIN_MS
  for (;;) {
    const { ours, theirs } = await countSessions(client)
    if (theirs > 0) return true
    if (ours === 0) return false
    if (clock.now().getTime() >= until) return true
    await clock.sleep(POLL_MS)
  }
}

interface Sessions {
  /** Of the fleet itself. */
  readonly ours: number
  readonly theirs: number
}

/** Superusers are Neon itself. */
async function countSessions(client: Client): Promise<Sessions> {
  const { rows } = await client.query<Sessions>(
    `select (count(*) filter (where starts_with(a.application_name, 'fleet/')))::int as ours,
            (count(*) filter (where not starts_with(a.application_name, 'fleet/')))::int as theirs
       from pg_stat_activity a join pg_roles r on r.oid = a.usesysid
      where a.datname = current_database() and a.pid <> pg_backend_pid() and not r.rolsuper`,
  )
  return rows[0] ?? { ours: 0, theirs: 1 }
}
