import type { Clock } from '../../lib/clock.ts'
import { failpoint } from '../../lib/failpoint.ts'
import { FleetError } from '../../model/errors.ts'
import type { Mark } from '../../model/mark.ts'
import type { Placement } from '../../model/tenant.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import type { CreatedRestorePoint, RestorePointLooks } from '../copying-provider.ts'
import { databaseName } from '../database-names.ts'
import type { AdminServer } from './admin-server.ts'
import { attachmentRefusal, readAttachments } from './attachments.ts'
import { copyTenant } from './copy-tenant.ts'
import { withDatabaseLocks } from './database-lock.ts'
import { applyDatabaseSettings, readDatabaseSettings } from './database-settings.ts'
import { databaseSize } from './database-size.ts'
import { dropDatabase } from './drop-database.ts'
import { dropRemains } from './drop-remains.ts'
import { endSessions } from './end-sessions.ts'
import { diskBytesOf } from './foresee-copies.ts'
import { openDatabase } from './open-database.ts'
import { readDatabase } from './read-database.ts'
import { readTenantDatabase } from './read-tenant-database.ts'

const PATIENCE_MS = 60_000

/**
 * Copies a tenant's database into one that nobody can connect to, with the settings that a copy loses, and has it proven.
 * What an earlier call with the same mark left is made again from the start. A large one stays in use, where that is wanted: then
 * it is dumped.
 * @throws FleetError TENANT_BUSY, DATABASE_FOREIGN, RIGHT_MISSING, DATABASE_IN_USE, RESTORE_POINT_REFUSED
 */
export async function createRestorePoint(
  server: AdminServer,
  { placement, mark, force }: { readonly placement: Placement; readonly mark: Mark; readonly force: boolean },
  { observe, prove }: RestorePointLooks,
  clock: Clock,
): Promise<CreatedRestorePoint> {
  const { database } = placement
  const name = databaseName(mark)
  return server.copy((client) =>
    withDatabaseLocks(client, { databases: [database, name], clock, patience: PATIENCE_MS }, async () => {
      const since = clock.now().getTime()
      const { owner } = await readTenantDatabase(client, server.name, placement)
      // Before anybody's session is ended for nothing, and again when nobody can make another one.
      await refuseAttached(client)
      await dropRemains(client, { server: server.name, name, mark, owner })
      const settings = await readDatabaseSettings(client, database)
      const { method, closedMs } = await copyTenant(client, {
        server,
        database,
        name,
        mark,
        owner,
        clock,
        // What is written from here on counts as written since.
        inside: async (tenant) => {
          await refuseAttached(tenant)
          await observe(tenant)
        },
      })
      failpoint('restore-point.copied')
      await client.query(openDatabase({ name, mark }))
      try {
        await prove({ ...server.admin, database: name })
      } catch (error) {
        await dropDatabase(client, name, 'open')
        throw error
      }
      await client.query(`alter database ${quoteIdentifier(name)} allow_connections false`)
      await endSessions(client, name)
      const settingsLost = settings === undefined ? [] : await applyDatabaseSettings(client, name, settings)
      const made = await readDatabase(client, name)
      if (made === undefined) throw new FleetError('DATABASE_FOREIGN', `The copy "${name}" was dropped meanwhile.`)
      const bytes = (await databaseSize(client, name)) ?? 0
      const tookMs = clock.now().getTime() - since
      return {
        server: server.name,
        database: name,
        databaseId: made.databaseId,
        bytes,
        settingsLost,
        copying: { method, diskBytes: diskBytesOf(method, bytes), closedMs, tookMs },
      }
    }),
  )

  async function refuseAttached(own: ClientBase): Promise<void> {
    const refusal = attachmentRefusal(await readAttachments(own, database), {
      database,
      code: 'RESTORE_POINT_REFUSED',
      force,
    })
    if (refusal !== undefined) throw refusal
  }
}
