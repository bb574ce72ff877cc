import type { Clock } from '../../lib/clock.ts'
import type { Mark } from '../../model/mark.ts'
import type { CopyTaken } from '../../model/restore-point-cost.ts'
import { type Client, type ClientBase, withClient } from '../../postgres/connect.ts'
import { lockMigrations } from '../lock-migrations.ts'
import type { AdminServer } from './admin-server.ts'
import { chooseCopy } from './choose-copy.ts'
import { copyByDump } from './copy-by-dump.ts'
import { createClosedDatabase } from './create-closed-database.ts'
import { findDumpPrograms, isDumped } from './dump-programs.ts'
import { changeFenced } from './fence.ts'

export interface TenantCopy {
  readonly server: AdminServer
  /** The tenant's. */
  readonly database: string
  readonly name: string
  /** Of the copy. */
  readonly mark: Mark
  readonly owner: string
  readonly clock: Clock
  /** Called over a connection to the tenant before the copy is made, while nobody migrates it. Throws to prevent it. */
  readonly inside: (tenant: Client) => Promise<void>
}

/**
 * Copies a tenant's database while nobody migrates it: by the server, which closes it for so long, or, where it is large and that
 * is wanted, by pg_dump, while it stays in use.
 * @throws FleetError TENANT_BUSY, CLIENTS_NOT_PAUSED; RESTORE_POINT_REFUSED where it cannot be dumped; what `inside` throws
 */
export async function copyTenant(
  client: ClientBase,
  { server, database, name, mark, owner, clock, inside }: TenantCopy,
): Promise<Pick<CopyTaken, 'method' | 'closedMs'>> {
  const { admin, pgbouncer, dump } = server
  const { strategy, bytes, version } = await chooseCopy(client, { server, database, clock })
  if (isDumped({ strategy, bytes }, dump)) {
    const programs = await findDumpPrograms(dump, version)
    await withClient({ ...admin, database }, { applicationName: 'fleet/dump' }, async (own) => {
      // Else half of a migration outside a transaction could be in the copy.
      await lockMigrations(own, database)
      await inside(own)
      await copyByDump(client, { server, source: database, name, mark, owner, programs })
    })
    return { method: 'dump', closedMs: 0 }
  }
  const change = () => createClosedDatabase(client, { name, template: database, owner, strategy })
  const closedMs = await changeFenced(client, { admin, pgbouncer, database, clock, change, inside })
  return { method: strategy, closedMs }
}
