import { formatBytes } from '../../lib/format-bytes.ts'
import type { ExpectedTime, RestorePointCost, ServerCost } from '../../model/restore-point-cost.ts'
import type { RolloutPlan } from '../../model/rollout.ts'
import type { Page } from '../face.ts'
import { countOf, formatDuration, formatNumber } from './format-values.ts'
import { table } from './table.ts'
import { wrapText } from './wrap-text.ts'

/** Shows what the restore points of a plan are expected to take, server by server, and from what that is told. */
export function restorePointCostLines({ servers, elsewhere }: RestorePointCost, { width, cut }: Page): string[] {
  const rows = table<ServerCost>(
    [
      { title: 'restore points', text: (it) => it.server, least: 14 },
      { title: 'tenants', text: (it) => formatNumber(it.tenants), align: 'right' },
      { title: 'disk', text: diskText, align: 'right' },
      { title: 'room', text: roomText, align: 'right' },
      { title: 'one takes', text: ({ took }) => timeText(took), align: 'right' },
      { title: 'tenant closed', text: ({ closed }) => timeText(closed), align: 'right' },
    ],
    servers,
    { width, cut, indent: 3 },
  )
  const notes = [...servers.map(basisText), ...elsewhereText(elsewhere)]
  return [...(servers.length === 0 ? [] : [rows]), ...notes.map((it) => wrapText(it, { width, first: '   ' }))]
}

function elsewhereText({ tenants, examples }: RestorePointCost['elsewhere']): string[] {
  if (tenants === 0) return []
  const names = `${examples.join(', ')}${tenants > examples.length ? ', …' : ''}`
  const one = tenants === 1
  return [
    `${countOf(tenants, 'tenant')} will fail: ${names} ${one ? 'is' : 'are'} reached by a URL of ${one ? 'its' : 'their'} own, where no restore point can be made. Adopt ${one ? 'it' : 'them'} with --like from a server of the configuration, leave ${one ? 'it' : 'them'} out (--skip-tenant), or take none (--take-restore-points never).`,
  ]
}

/** Says why a plan is not started; undefined when its restore points fit, or nobody knows. */
export function spaceRefusal({ restorePointCost }: RolloutPlan): string | undefined {
  const full = (restorePointCost?.servers ?? []).filter(({ fits }) => fits === false).map(({ server }) => server)
  if (full.length === 0) return undefined
  return `The restore points do not fit on ${full.join(', ')}: it is not started. Make room (fleet restore-point prune), or roll out fewer tenants. To start it all the same: --force`
}

function diskText({ sampled, tenants, diskBytes, mostDiskBytes }: ServerCost): string {
  if (sampled === 0) return 'unknown'
  return sampled < tenants && mostDiskBytes > 0 ? `≈ ${formatBytes(diskBytes)}` : formatBytes(diskBytes)
}

function roomText({ limits }: ServerCost): string {
  return limits.length === 0 ? 'unknown' : formatBytes(Math.min(...limits.map(({ room }) => room)))
}

function timeText(time: ExpectedTime | null): string {
  if (time === null) return 'unknown'
  const [typical, longest] = [time.typical, time.longest].map(formatDuration)
  return typical === longest ? `${typical}` : `${typical} to ${longest}`
}

/** From what the figures of a server are told, and what they leave open. */
function basisText(cost: ServerCost): string {
  const { server, tenants, sampled, bytes, diskBytes, mostDiskBytes, measured, limits } = cost
  if (sampled === 0) return `${server}: the server did not say how large the databases are.`
  const parts = [
    measured > 0
      ? `times as its last ${countOf(measured, 'restore point')} took`
      : 'times are a guess, no restore point was copied like that there yet',
    ...(sampled < tenants ? [`sizes from ${countOf(sampled, 'database')}, ${formatBytes(mostDiskBytes)} at most`] : []),
    ...(diskBytes < bytes
      ? [`copied by reference: up to ${formatBytes(bytes)} as tenants and copies are written to`]
      : []),
    // Where nothing is copied, no disk can fill.
    ...(limits.length === 0 && bytes > 0 ? ['what is free is not known: say it with restorePoints.maxBytes'] : []),
  ]
  return `${server}: ${parts.join('; ')}.`
}
