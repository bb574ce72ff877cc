import { formatBytes } from '../lib/format-bytes.ts'
import { FleetError } from '../model/errors.ts'
import type { RolloutPlan } from '../model/rollout.ts'

/**
 * Refuses a plan whose restore points are not expected to fit.
 * @throws FleetError DISK_WOULD_FILL, with the figures of each server
 */
export function refuseFullDisk({ restorePointCost }: Pick<RolloutPlan, 'restorePointCost'>): void {
  const full = (restorePointCost?.servers ?? []).filter(({ fits }) => fits === false)
  if (full.length === 0) return
  const lines = full.map(({ server, tenants, sampled, mostDiskBytes, limits }) => {
    const needs = `${sampled < tenants ? 'up to ' : ''}${formatBytes(mostDiskBytes)}`
    const has = limits.map(({ kind, room }) =>
      kind === 'disk'
        ? `its disk has ${formatBytes(room)} for them`
        : `restorePoints.maxBytes leaves ${formatBytes(room)}`,
    )
    return `Server "${server}": restore points of ${tenants} tenants need ${needs}, ${has.join(', ')}.`
  })
  throw new FleetError('DISK_WOULD_FILL', lines.join('\n'))
}
