import type { Clock } from '../../lib/clock.ts'
import { failpoint } from '../../lib/failpoint.ts'
import type { ConnectionDescriptor } from '../../model/connection.ts'
import type { Mark } from '../../model/mark.ts'
import type { ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier } from '../../postgres/identifiers.ts'
import type { RestorePointRef } from '../copying-provider.ts'
import type { AdminServer } from './admin-server.ts'
import { checkRestorePoint } from './check-restore-point.ts'
import { withDatabaseLock } from './database-lock.ts'
import { applyDatabaseSettings, type DatabaseSettings, readDatabaseSettings } from './database-settings.ts'
import { endSessions } from './end-sessions.ts'
import { readDatabase } from './read-database.ts'

const PATIENCE_MS = 60_000

export interface LookOptions {
  readonly clock: Clock
  readonly look: (point: ConnectionDescriptor) => Promise<void>
}

/**
 * Opens a restore point for `look` and closes it again. All rights of others are taken away before it is open, in one
 * transaction: after a crash it stays open to its owner and to superusers alone, as it is while it is being proven, until
 * the next look closes it, or a restore gives it the rights of the tenant.
 * @throws FleetError RESTORE_POINT_UNKNOWN, DATABASE_FOREIGN, RIGHT_MISSING, DATABASE_IN_USE, and what `look` throws
 */
export async function lookIntoRestorePoint(
  server: AdminServer,
  { point, mark }: { readonly point: RestorePointRef; readonly mark: Mark },
  { clock, look }: LookOptions,
): Promise<void> {
  const { database, databaseId } = point
  const failed = await server.run((client) =>
    withDatabaseLock(client, { database, clock, patience: PATIENCE_MS }, async () => {
      await checkRestorePoint(client, point, mark)
      const settings = await readDatabaseSettings(client, database)
      await client.query(openToOwner(database, settings))
      failpoint('restore-point.opened')
      // What the look throws is no reason to look again.
      const outcome = await look({ ...server.admin, database }).then(
        () => undefined,
        (error: unknown) => ({ error }),
      )
      await close(client, settings)
      return outcome
    }),
  )
  if (failed !== undefined) throw failed.error

  async function close(client: ClientBase, settings: DatabaseSettings | undefined): Promise<void> {
    // A tenant may have returned to it as soon as the look was over: then the database has another name, and is open.
    if ((await readDatabase(client, database))?.databaseId !== databaseId) return
    await client.query(`alter database ${quoteIdentifier(database)} allow_connections false`)
    await endSessions(client, database)
    if (settings !== undefined) await applyDatabaseSettings(client, database, settings)
  }
}

function openToOwner(database: string, settings: DatabaseSettings | undefined): string {
  const name = quoteIdentifier(database)
  const roles = new Set(settings?.grants?.flatMap(({ role }) => (role === null ? [] : [quoteIdentifier(role)])))
  return [
    ...['public', ...roles].map((role) => `revoke all on database ${name} from ${role} cascade`),
    `alter database ${name} connection limit -1`,
    `alter database ${name} allow_connections true`,
  ].join(';\n')
}
