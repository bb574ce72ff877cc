import type { Clock } from '../../lib/clock.ts'
import { failpoint } from '../../lib/failpoint.ts'
import { formatMark } from '../../model/mark.ts'
import type { Client, ClientBase } from '../../postgres/connect.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { RestoreOutcome, RestoreRequest } from '../copying-provider.ts'
import { databaseName } from '../database-names.ts'
import type { AdminServer } from './admin-server.ts'
import { attachmentRefusal, readAttachments } from './attachments.ts'
import { checkRestorePoint } from './check-restore-point.ts'
import { withDatabaseLock } from './database-lock.ts'
import { applyDatabaseSettings, readDatabaseSettings } from './database-settings.ts'
import type { DatabaseFacts } from './database-state.ts'
import { changeFenced } from './fence.ts'
import { readDatabase } from './read-database.ts'
import { readTenantDatabase } from './read-tenant-database.ts'

const PATIENCE_MS = 60_000

export interface RestoreOptions {
  readonly clock: Clock
  /** Asked over a connection to the tenant when nobody else is in any more. Throws to leave all as it is. */
  readonly confirm: (tenant: Client) => Promise<void>
}

/**
 * Puts a restore point in the place of a tenant's database: both renames are one transaction, so that a crash leaves the one
 * or the other. Called again after it happened, it says so and changes nothing.
 * @throws FleetError TENANT_BUSY, DATABASE_FOREIGN, RESTORE_POINT_UNKNOWN, RESTORE_REFUSED, RIGHT_MISSING, DATABASE_IN_USE, and what
 * `confirm` throws
 */
export async function restoreDatabase(
  server: AdminServer,
  { placement, point, mark, keptMark, force = false }: RestoreRequest,
  { clock, confirm }: RestoreOptions,
): Promise<RestoreOutcome> {
  const { database } = placement
  const kept = databaseName(keptMark)
  return server.run((client) =>
    withDatabaseLock(client, { database, clock, patience: PATIENCE_MS }, async () => {
      const present = await readDatabase(client, database)
      if (present?.databaseId === point.databaseId)
        return outcome((await readDatabase(client, kept))?.databaseId ?? null)
      const tenant = await readTenantDatabase(client, server.name, placement)
      await checkRestorePoint(client, point, mark)
      // Before anybody's session is ended for nothing, and again when nobody can make another one.
      await refuseAttached(client)
      const settings = await readDatabaseSettings(client, database)
      const settingsLost = settings === undefined ? [] : await applyDatabaseSettings(client, point.database, settings)
      failpoint('restore.prepared')
      const closedFor = await changeFenced(client, {
        admin: server.admin,
        pgbouncer: server.pgbouncer,
        database,
        clock,
        change: () => swap(client, tenant),
        inside: async (own) => {
          await refuseAttached(own)
          await confirm(own)
        },
      })
      failpoint('restore.swapped')
      return outcome(tenant.databaseId, { settingsLost, closedFor })
    }),
  )

  async function refuseAttached(own: ClientBase): Promise<void> {
    const refusal = attachmentRefusal(await readAttachments(own, database), {
      database,
      code: 'RESTORE_REFUSED',
      force,
    })
    if (refusal !== undefined) throw refusal
  }

  async function swap(client: ClientBase, { comment }: DatabaseFacts): Promise<void> {
    const [tenant, before, after] = [database, kept, point.database].map((name) => quoteIdentifier(name))
    try {
      await client.query(
        [
          'begin',
          `alter database ${tenant} rename to ${before}`,
          `alter database ${before} allow_connections false`,
          `comment on database ${before} is ${quoteLiteral(formatMark(keptMark))}`,
          `alter database ${after} rename to ${tenant}`,
          `comment on database ${tenant} is ${comment === null ? 'null' : quoteLiteral(comment)}`,
          `alter database ${tenant} allow_connections true`,
          'commit',
        ].join(';\n'),
      )
    } catch (error) {
      await client.query('rollback').catch(() => {})
      throw error
    }
  }

  function outcome(
    keptId: string | null,
    { settingsLost, closedFor }: Pick<RestoreOutcome, 'settingsLost' | 'closedFor'> = NOTHING_DONE,
  ): RestoreOutcome {
    return {
      placement: { ...placement, databaseId: point.databaseId },
      kept: keptId === null ? null : { server: server.name, database: kept, databaseId: keptId },
      settingsLost,
      closedFor,
      endpointChanged: false,
      isLast: false,
      bound: [],
    }
  }
}

/** It had happened before. */
const NOTHING_DONE = { settingsLost: [], closedFor: null }
