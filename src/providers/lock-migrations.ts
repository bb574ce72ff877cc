import { FleetError } from '../model/errors.ts'
import { MIGRATION_LOCK } from '../postgres/advisory-lock.ts'
import type { Client } from '../postgres/connect.ts'

/**
 * Keeps everybody from migrating a database for as long as the session of `own` lasts.
 * @throws FleetError TENANT_BUSY while it is being migrated, copied or restored
 */
export async function lockMigrations(own: Client, database: string): Promise<void> {
  const { rows } = await own.query<{ locked: boolean }>(`select pg_try_advisory_lock(${MIGRATION_LOCK}) as locked`)
  if (rows[0]?.locked === true) return
  throw new FleetError('TENANT_BUSY', `Database "${database}" is being migrated, copied or restored at this moment.`)
}
