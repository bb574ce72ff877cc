import { sql } from 'kysely'
import { isInScope, JOINERS } from '../model/rollout.ts'
import type { Tags } from '../model/tenant.ts'
import type { CatalogTransaction } from './catalog-schema.ts'

/**
 * Makes a tenant a joiner of the rollout under way, if there is one that it is in scope of and that it is behind: a run in
 * the last wave. Call it after `holdRollouts`, in the transaction that makes the tenant ready or lets rollouts take it
 * again. A run that was settled before is taken up again: the database may be another one by now.
 */
export async function joinRollout(
  tx: CatalogTransaction,
  tenant: { readonly id: string; readonly tags: Tags; readonly server: string; readonly history: readonly string[] },
): Promise<void> {
  // The row lock keeps two joiners from making the wave twice, and the rollout from ending meanwhile.
  const active = await tx
    .selectFrom('fleet.rollout')
    .select(['id', 'target', 'plan'])
    .where('state', 'in', ['running', 'paused'])
    .where('direction', '=', 'forward')
    .forUpdate()
    .executeTakeFirst()
  if (!active?.target || tenant.history.includes(active.target) || !isInScope(active.plan.scope, tenant)) return
  const rolloutId = active.id
  await sql`
    insert into fleet.wave (rollout_id, position, name, concurrency, max_failures)
    select ${rolloutId}, coalesce(max(position), -1) + 1, ${JOINERS}, ${active.plan.policy.concurrency}, 0
    from fleet.wave where rollout_id = ${rolloutId}
    having not coalesce(bool_or(name = ${JOINERS}), false)`.execute(tx)
  await sql`
    insert into fleet.tenant_run (rollout_id, tenant_id, wave, position, server, state)
    select ${rolloutId}, ${tenant.id}, max(position), ${LAST}, ${tenant.server}, 'pending'
    from fleet.wave where rollout_id = ${rolloutId}
    on conflict (rollout_id, tenant_id) do update
      set state = 'pending', wave = excluded.wave, position = excluded.position, server = excluded.server, tries = 0,
        skip_reason = null, migration = null, sqlstate = null, message = null, finished_at = null, not_before = now(),
        from_history_id = null, to_history_id = null
      where tenant_run.state in ('skipped', 'succeeded', 'failed')`.execute(tx)
  await sql`
    insert into fleet.rollout_server (rollout_id, server) values (${rolloutId}, ${tenant.server}) on conflict do nothing`.execute(
    tx,
  )
}

/** Joiners go in no particular order. */
const LAST = 2_147_483_647
