import { sql } from 'kysely'
import type { Placement } from '../model/tenant.ts'
import type { CatalogDb, CatalogTransaction } from './catalog-schema.ts'
import { saveHistory } from './histories.ts'
import { formatId, parseId } from './restore-point-id.ts'

/** A restore that did not come to its end, or is under way. */
export interface UnfinishedRestore {
  /** The record of what it keeps. */
  readonly kept: string
  /** What the tenant returns to. */
  readonly to: string
}

/** Returns the restore of a tenant that did not come to its end; undefined when there is none. */
export async function findUnfinishedRestore(db: CatalogDb, tenantId: string): Promise<UnfinishedRestore | undefined> {
  const row = await db
    .selectFrom('fleet.restore_point')
    .select(['id', 'replaced_by'])
    .where('tenant_id', '=', tenantId)
    .where('replaced_by', 'is not', null)
    .where('state', '=', 'creating')
    .executeTakeFirst()
  return row && { kept: formatId(row.id), to: formatId(row.replaced_by ?? 0) }
}

/** Lets nobody else begin a restore of a tenant, or record the end of one, before this transaction is over. */
export async function lockRestores(tx: CatalogTransaction, tenantId: string): Promise<void> {
  await tx.selectFrom('fleet.tenant').select('id').where('id', '=', tenantId).forNoKeyUpdate().execute()
}

/**
 * Writes down that a tenant is another database now, with another history, and what goes with it from now on: of what it can return
 * to, and what it has returned to. All else may be removed by itself.
 */
export async function recordRestored(
  tx: CatalogTransaction,
  restored: {
    readonly tenantId: string
    readonly placement: Placement
    readonly history: readonly string[]
    readonly to: string
    /** Ids of the databases that it is made from. */
    readonly bound: readonly string[]
  },
): Promise<void> {
  const { tenantId, placement, history, to, bound } = restored
  const history_id = await saveHistory(tx, history)
  await tx
    .updateTable('fleet.tenant')
    .set({ placement: JSON.stringify(placement), history_id, checked_at: sql<Date>`now()` })
    .where('id', '=', tenantId)
    .execute()
  await tx
    .updateTable('fleet.restore_point')
    .set({ goes_with_tenant: sql<boolean>`coalesce(database_id = any(${bound}::text[]), false)` })
    .where('tenant_id', '=', tenantId)
    .where((it) => it.or([it('state', '=', 'ready'), it('id', '=', parseId(to))]))
    .execute()
}

/** Says whether a rollout that is not over has this tenant before it or in hand; `except` is the number of one that may. */
export async function isInActiveRollout(
  db: CatalogDb,
  tenantId: string,
  { except = 0 }: { readonly except?: number | undefined } = {},
): Promise<boolean> {
  const row = await db
    .selectFrom('fleet.tenant_run as t')
    .innerJoin('fleet.rollout as r', 'r.id', 't.rollout_id')
    .select('t.tenant_id')
    .where('t.tenant_id', '=', tenantId)
    .where('r.state', 'in', ['running', 'paused', 'aborting'])
    .where('r.id', '<>', except)
    .where('t.state', 'in', ['pending', 'running', 'failed'])
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
