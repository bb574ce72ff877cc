import { countLacking, countReady } from '../catalog/tenant-counts.ts'
import { listTenants, sampleTenants } from '../catalog/tenants.ts'
import { FleetError } from '../model/errors.ts'
import type { CheckResult } from '../model/fleet-status.ts'
import { type RefreshContext, refreshTenants } from './refresh-tenants.ts'

export interface CheckOptions {
  readonly atLeast: string
  /** How many tenants' own histories are read first. */
  readonly verify: number | 'all'
  /** Names of the migration files, in order. */
  readonly available: readonly string[]
}

/**
 * Says whether every ready tenant, pinned ones included, has a migration: by the catalog, after a sample was compared
 * with the tenants' own histories.
 * @throws FleetError MIGRATION_UNKNOWN
 */
export async function checkVersion(
  { atLeast, verify, available }: CheckOptions,
  context: RefreshContext,
): Promise<CheckResult> {
  const { db } = context
  if (!available.includes(atLeast)) {
    const last = available.slice(-5).join(', ')
    throw new FleetError('MIGRATION_UNKNOWN', `There is no migration "${atLeast}". The last ones: ${last || 'none'}.`)
  }
  const { read, corrected, unreachable } = await refreshTenants(
    verify === 'all' ? listTenants(db) : await sampleTenants(db, verify),
    context,
  )
  const { behind, examples } = await countLacking(db, atLeast, 5)
  return {
    atLeast,
    tenants: await countReady(db),
    behind,
    examples,
    verified: read,
    corrected,
    unreachable,
    ok: behind === 0 && unreachable.length === 0,
  }
}
