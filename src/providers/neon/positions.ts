import { FleetError } from '../../model/errors.ts'
import { withClient } from '../../postgres/connect.ts'
import type { Positions } from '../copying-provider.ts'
import { lockMigrations } from '../lock-migrations.ts'
import { markMoment, readHead } from './create-marker.ts'
import type { NeonAccount } from './neon-account.ts'
import { branchOf, connectionTo } from './own-server.ts'
import { requireWithinHistory } from './require-within-history.ts'
import { requireRestorable } from './restore-source.ts'

/**
 * Positions in the history that Neon keeps of a tenant's branch: `<branch>@<LSN>`, read over the tenant's own connection, without a
 * call of the API.
 */
export function createPositions(account: NeonAccount): Positions {
  const { clock } = account
  return {
    async note(placement, observe) {
      const reachMs = placement.own?.reach
      if (reachMs === undefined || reachMs === 0) return null
      const { branchId } = branchOf(placement)
      return withClient(
        connectionTo(placement, account),
        { applicationName: 'fleet/restore-point' },
        async (client) => {
          // Else half of a migration outside a transaction could be what it leads back to.
          await lockMigrations(client, placement.database)
          const before = clock.now().getTime()
          await observe(client)
          const { lsn, bytes } = await readHead(client)
          return { position: `${branchId}@${lsn}`, reachMs, bytes, tookMs: clock.now().getTime() - before }
        },
      )
    },

    async keep(placement, mark, { position, notedAt }) {
      const tenant = branchOf(placement)
      const [branchId, lsn] = position.split('@')
      if (branchId !== tenant.branchId || lsn === undefined)
        throw new FleetError('RESTORE_REFUSED', `Branch ${branchId} is not that of database "${placement.database}".`)
      await requireRestorable(tenant, 'RESTORE_REFUSED', account)
      await requireWithinHistory(tenant, notedAt, account)
      return markMoment(placement, { mark, lsn }, account)
    },
  }
}
