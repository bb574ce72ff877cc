import { type ExpressionBuilder, sql } from 'kysely'
import { FleetError } from '../model/errors.ts'
import { stateAfter, statesAccepting } from '../model/state-machine.ts'
import type { Placement, Tags, TenantOrigin } from '../model/tenant.ts'
import { TENANT } from '../model/tenant-state.ts'
import type { CatalogDb, CatalogSchema, CatalogTransaction } from './catalog-schema.ts'
import { saveHistory } from './histories.ts'

/** Whose creation of a tenant it is: of whoever recorded, or was given, this encrypted secret. */
export interface Creation {
  readonly id: string
  readonly secret: string | null
}

export interface NewTenantRow {
  readonly id: string
  readonly origin: TenantOrigin
  readonly tags: Tags
  readonly server: string
  readonly placement: Placement | null
  /** Encrypted. */
  readonly secret: string | null
  /** Of an adopted database, by whatever name it is reached; null where that cannot be known. */
  readonly identity: string | null
}

/**
 * Records a tenant as `creating`. One that was deleted or failed is taken up again; one that is being created already
 * keeps server, secret and place of its first try, so that a killed creation goes on with what it has made, and a deletion finds it.
 * @returns the secret and server that count, whether this is its first try, and whether an earlier one may have begun to make something
 * @throws FleetError TENANT_EXISTS
 */
export async function recordTenant(
  db: CatalogDb,
  tenant: NewTenantRow,
): Promise<{ secret: string | null; server: string; isNew: boolean; isBegun: boolean }> {
  const history_id = await saveHistory(db, [])
  const values = {
    id: tenant.id,
    state: 'creating' as const,
    origin: tenant.origin,
    tags: JSON.stringify(tenant.tags),
    server: tenant.server,
    placement: tenant.placement && JSON.stringify(tenant.placement),
    history_id,
    secret: tenant.secret,
    identity: tenant.identity,
  }
  const row = await db
    .insertInto('fleet.tenant')
    .values(values)
    .onConflict((it) =>
      it
        .column('id')
        .doUpdateSet((eb) => ({
          ...values,
          pinned: null,
          error: null,
          // A failed or interrupted creation may have left a database behind: go on where it is.
          server: eb
            .case()
            .when('fleet.tenant.state', '=', 'deleted')
            .then(tenant.server)
            .else(eb.ref('fleet.tenant.server'))
            .end(),
          placement:
            values.placement ??
            eb
              .case()
              .when(eb.and([eb('fleet.tenant.state', '<>', 'deleted'), eb('fleet.tenant.origin', '=', tenant.origin)]))
              .then(eb.ref('fleet.tenant.placement'))
              .else(null)
              .end(),
          secret: eb
            .case()
            .when('fleet.tenant.state', '=', 'deleted')
            .then(tenant.secret)
            .else(eb.ref('fleet.tenant.secret'))
            .end(),
          created_at: sql<Date>`now()`,
        }))
        .where('fleet.tenant.state', 'in', ['creating', ...statesAccepting(TENANT, 'create-again')]),
    )
    // An inserted row has no xmax; one that was taken up again does.
    .returning([
      'secret',
      'server',
      sql<boolean>`xmax = 0`.as('isNew'),
      sql<boolean>`placement is not null`.as('isBegun'),
    ])
    .executeTakeFirst()
  if (row === undefined) throw new FleetError('TENANT_EXISTS', `Tenant "${tenant.id}" exists already.`)
  return row
}

/** Gives a creation that another process has left to one with another secret; false when it is no longer as it was. */
export async function takeCreationOver(db: CatalogDb, { id, secret }: Creation, by: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('fleet.tenant')
    .set({ secret: by })
    .where(isOf({ id, secret }))
    .where('state', 'in', statesAccepting(TENANT, 'finish'))
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Marks a tenant ready with its placement and history; false when it is not being created any more, or by another. */
export async function finishTenant(
  tx: CatalogTransaction,
  { id, secret, placement, history }: Creation & { placement: Placement; history: readonly string[] },
): Promise<boolean> {
  const history_id = await saveHistory(tx, history)
  const { numUpdatedRows } = await tx
    .updateTable('fleet.tenant')
    .set({
      state: 'ready',
      placement: JSON.stringify(placement),
      server: placement.server,
      history_id,
      error: null,
      // Not now(): the transaction may have waited for a rollout to start, and this must come after it.
      ready_at: sql<Date>`clock_timestamp()`,
      checked_at: sql<Date>`now()`,
    })
    .where(isOf({ id, secret }))
    .where('state', 'in', statesAccepting(TENANT, 'finish'))
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Records why a tenant could not be made, unless it is not being created any more, or by another. */
export async function failTenant(db: CatalogDb, creation: Creation, error: string): Promise<void> {
  await db
    .updateTable('fleet.tenant')
    .set({ state: stateAfter(TENANT, 'fail'), error })
    .where(isOf(creation))
    .where('state', 'in', statesAccepting(TENANT, 'fail'))
    .execute()
}

function isOf({ id, secret }: Creation) {
  return (eb: ExpressionBuilder<CatalogSchema, 'fleet.tenant'>) =>
    eb.and([eb('id', '=', id), eb('secret', 'is not distinct from', secret)])
}

/** Records where a tenant's database is while it is still being created, so that a deletion finds it. */
export async function recordPlacement(db: CatalogDb, id: string, placement: Placement): Promise<void> {
  await db
    .updateTable('fleet.tenant')
    .set({ placement: JSON.stringify(placement) })
    .where('id', '=', id)
    .where('state', '=', 'creating')
    .execute()
}
