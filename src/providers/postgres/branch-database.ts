import type { Clock } from '../../lib/clock.ts'
import { failpoint } from '../../lib/failpoint.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Branch, BranchRequest } from '../copying-provider.ts'
import { databaseName } from '../database-names.ts'
import type { AdminServer } from './admin-server.ts'
import { checkRestorePoint } from './check-restore-point.ts'
import { chooseCopy } from './choose-copy.ts'
import { copyTenant } from './copy-tenant.ts'
import { createClosedDatabase } from './create-closed-database.ts'
import { withDatabaseLocks } from './database-lock.ts'
import { applyDatabaseSettings, readDatabaseSettings } from './database-settings.ts'
import { databaseSize } from './database-size.ts'
import { dropRemains } from './drop-remains.ts'
import { openDatabase } from './open-database.ts'
import { readDatabase } from './read-database.ts'
import { readTenantDatabase } from './read-tenant-database.ts'

const PATIENCE_MS = 60_000

/**
 * Copies a restore point, or the tenant itself, into a database that only the admin gets into. What an earlier call with
 * the same mark left is made again from the start.
 * @throws FleetError TENANT_BUSY, RESTORE_POINT_UNKNOWN, DATABASE_FOREIGN, RIGHT_MISSING, DATABASE_IN_USE
 */
export async function branchDatabase(
  server: AdminServer,
  { placement, from, mark }: BranchRequest,
  clock: Clock,
): Promise<Branch> {
  const { database: tenant } = placement
  const source = from?.point.database ?? tenant
  const name = databaseName(mark)
  const databases = [...new Set([tenant, source, name])]
  // A restore must not wait for this copy while it holds the tenant closed, and nobody may drop what is being copied.
  return server.copy((client) =>
    withDatabaseLocks(client, { databases, clock, patience: PATIENCE_MS }, () => make(client)),
  )

  async function make(client: ClientBase): Promise<Branch> {
    const facts = await readTenantDatabase(client, server.name, placement)
    const { owner } = from === null ? facts : await checkRestorePoint(client, from.point, from.mark)
    await dropRemains(client, { server: server.name, name, mark, owner })
    const settings = await readDatabaseSettings(client, tenant)
    const before = clock.now().getTime()
    const closedMs = await copy(client, owner)
    const copyMs = clock.now().getTime() - before
    failpoint('rehearsal.copied')
    // A connection limit is about the application, and so are the rights of its roles.
    const settingsLost =
      settings === undefined
        ? []
        : await applyDatabaseSettings(client, name, { ...settings, grants: [], connectionLimit: -1 })
    const [database, ownerName] = [name, owner].map((it) => quoteIdentifier(it))
    // In this order: the owner may be the admin.
    await client.query(`revoke connect on database ${database} from ${ownerName}`)
    await client.query(`grant connect on database ${database} to current_user`)
    await client.query(openDatabase({ name, mark }))
    const made = await readDatabase(client, name)
    return {
      placement: { ...placement, database: name, databaseId: made?.databaseId ?? null, loginRole: null },
      bytes: (await databaseSize(client, name)) ?? 0,
      copyMs,
      closedMs,
      settingsLost,
    }
  }

  /** Returns how long nobody could be in the tenant, in milliseconds. */
  async function copy(client: ClientBase, owner: string): Promise<number> {
    if (from === null) {
      const copied = { server, database: tenant, name, mark, owner, clock, inside: async () => {} }
      return (await copyTenant(client, copied)).closedMs
    }
    // Nobody gets into a restore point: there is nobody to keep out.
    const { strategy } = await chooseCopy(client, { server, database: source, clock })
    await createClosedDatabase(client, { name, template: source, owner, strategy })
    return 0
  }
}
