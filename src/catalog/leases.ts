import { sql } from 'kysely'
import { type DriverIdentity, isProvenDead } from '../lib/process-identity.ts'
import { FleetError } from '../model/errors.ts'
import type { RolloutState } from '../model/rollout-state.ts'
import type { CatalogDb } from './catalog-schema.ts'

/** A driver whose last heartbeat is older than this is taken for dead, in seconds. */
export const LEASE_SECONDS = 20

export type LeaseAnswer =
  | {
      readonly kind: 'taken'
      readonly epoch: number /** Who held it and did not give it back. */
      readonly from: DriverIdentity | null
      /** Tenants whose runs it left. */
      readonly orphans: readonly string[]
    }
  | {
      readonly kind: 'held'
      readonly by: DriverIdentity
      readonly state: RolloutState /** After which time without a heartbeat it lapses, in milliseconds. */
      readonly lapsesInMs: number
    }

/**
 * Takes the lease of a rollout if nobody holds it, or its holder is dead: by the time of its last heartbeat, or because it
 * ran on this machine and its process is gone. Raises the epoch, and sets the runs that the dead driver left back to
 * pending: from here on nothing that it still writes matches a row.
 */
export async function takeLease(db: CatalogDb, rolloutId: number, me: DriverIdentity): Promise<LeaseAnswer> {
  return db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom('fleet.rollout')
      .select([
        'driver',
        'state',
        sql<number>`extract(epoch from heartbeat_at + make_interval(secs => ${LEASE_SECONDS}) - clock_timestamp()) * 1000`.as(
          'lapses_in',
        ),
      ])
      .where('id', '=', rolloutId)
      .forUpdate()
      .executeTakeFirst()
    if (row === undefined) throw new FleetError('ROLLOUT_UNKNOWN', `There is no rollout r${rolloutId}.`)
    const { driver } = row
    const lapsesInMs = Number(row.lapses_in)
    if (driver !== null && lapsesInMs > 0 && !isProvenDead(driver))
      return { kind: 'held', by: driver, state: row.state, lapsesInMs }
    const { epoch } = await tx
      .updateTable('fleet.rollout')
      .set((eb) => ({
        epoch: eb('epoch', '+', 1),
        driver: JSON.stringify(me),
        heartbeat_at: sql<Date>`clock_timestamp()`,
      }))
      .where('id', '=', rolloutId)
      .returning('epoch')
      .executeTakeFirstOrThrow()
    const orphans = await tx
      .updateTable('fleet.tenant_run')
      .set({ state: 'pending', not_before: sql<Date>`now()` })
      .where('rollout_id', '=', rolloutId)
      .where('state', '=', 'running')
      .returning('tenant_id')
      .execute()
    return { kind: 'taken', epoch, from: driver, orphans: orphans.map((it) => it.tenant_id) }
  })
}

/** Says that the driver is alive; false when another one has taken the lease. */
export async function renewLease(db: CatalogDb, rolloutId: number, epoch: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('fleet.rollout')
    .set({ heartbeat_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', rolloutId)
    .where('epoch', '=', epoch)
    .where('driver', 'is not', null)
    .executeTakeFirstOrThrow()
  return numUpdatedRows > 0n
}

/** Gives the lease back. */
export async function returnLease(db: CatalogDb, rolloutId: number, epoch: number): Promise<void> {
  await db
    .updateTable('fleet.rollout')
    .set({ driver: null, heartbeat_at: null })
    .where('id', '=', rolloutId)
    .where('epoch', '=', epoch)
    .execute()
}
