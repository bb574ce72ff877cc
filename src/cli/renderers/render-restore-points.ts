import { systemClock } from '../../lib/clock.ts'
import { formatBytes } from '../../lib/format-bytes.ts'
import type {
  Loss,
  RestorePlan,
  RestorePoint,
  RestoreResult,
  Salvage,
  SalvageRecord,
} from '../../model/restore-point.ts'
import type { Page } from '../face.ts'
import { countOf, formatDuration, formatTime, formatVersion, isOrAre } from './format-values.ts'
import { table } from './table.ts'

/** Lists restore points. */
export function renderRestorePoints(points: readonly RestorePoint[], page: Page): string {
  if (points.length === 0) return ' There is no restore point. Make one with: fleet restore-point create <tenant>'
  const now = systemClock.now().getTime()
  return table<RestorePoint>(
    [
      { title: 'id', text: (it) => it.id },
      { title: 'tenant', text: (it) => it.tenantId, least: 10 },
      { title: 'state', text: (it) => (it.grade === 'position' ? `${it.state}, not proven` : it.state) },
      { title: 'version', text: (it) => formatVersion(it.version), least: 12 },
      { title: 'age', text: (it) => formatDuration(now - it.createdAt.getTime()), align: 'right' },
      { title: 'size', text: (it) => (it.bytes === null ? '' : formatBytes(it.bytes)), align: 'right' },
      { title: 'expires', text: expiryText },
    ],
    points,
    page,
  )
}

function expiryText({ goesWithTenant, expiresAt }: RestorePoint): string {
  if (goesWithTenant) return 'with the tenant'
  return expiresAt === null ? '' : formatTime(expiresAt)
}

/** Asks whether a tenant shall return to where that leads, and says what it costs. */
export function questionOf({ tenantId, point, isUnfinished, isLast }: RestorePlan): string {
  const { id, readyAt, version } = point
  const what = `${isUnfinished ? 'Go on returning' : 'Return'} tenant ${tenantId} to ${id}`
  const since = readyAt === null ? '' : `, of ${formatTime(readyAt)}`
  return `${what}${since}, at ${formatVersion(version)}${isLast ? `, ${LAST}` : ''}?`
}

/** Of what a return to it costs. */
const LAST = 'after which it can have no restore point and not return any more'

/** Says what a tenant has returned to. */
export function renderRestored(result: RestoreResult): string {
  const { tenantId, point, kept, loss, age, closedFor, settingsLost, endpointChanged, salvage } = result
  return [
    ` ${tenantId} is what it was ${point.readyAt === null ? '' : `at ${formatTime(point.readyAt)}, `}${formatDuration(age)} ago (${point.id}): ${formatVersion(point.version)}`,
    ...(closedFor === null ? [] : [` Its clients had to wait for ${closedFor} ms.`]),
    ...(endpointChanged ? [` It has another address now. Give its application: fleet tenant url ${tenantId}`] : []),
    ` ${lossText(loss, kept)}`,
    ` ${wayBackText(result)}`,
    ...settingsLost.map((it) => ` Could not be set again: ${it}`),
    ...(salvage === null ? [] : [renderSalvage(salvage)]),
  ].join('\n')
}

/** Says what rows were written where, and what was not. */
export function renderSalvage({ pointId, directory, tables, notCompared }: Salvage): string {
  const rows = tables.reduce((sum, it) => sum + it.rows, 0)
  return [
    ` ${countOf(rows, 'row')} that only ${pointId} has: ${directory}`,
    ...tables.map((it) => `   ${it.file}  ${countOf(it.rows, 'row')}`),
    ...notCompared.map(({ what, why }) => ` Not salvaged, ${what}: ${why}.`),
  ].join('\n')
}

/** Says where rows of deleted tenants still are: nobody else knows. */
export function renderSalvagesLeft(salvages: readonly SalvageRecord[]): string {
  return salvages
    .map(
      ({ tenantId, host, directory, at }) =>
        ` Rows of ${tenantId} were salvaged to ${directory} on ${host} (${formatTime(at)}): remove them there.`,
    )
    .join('\n')
}

function wayBackText({ tenantId, kept, wayBack }: RestoreResult): string {
  if (wayBack === 'closed')
    return `It cannot return any more, and can have no restore point. The rows that only ${kept.id} has: fleet restore-point salvage ${kept.id} <folder>`
  return `Back again${wayBack === 'last' ? `, ${LAST}` : ''}: fleet restore ${tenantId} --to ${kept.id}`
}

function lossText(loss: Loss, { id }: RestorePoint): string {
  if (loss.kind === 'none') return 'Nothing had been written since.'
  if (loss.kind === 'exact')
    return `${countOf(loss.newer, 'row')} inserted or updated since ${isOrAre(loss.newer)} only in ${id} now; ${countOf(loss.older, 'row')} deleted or updated since ${isOrAre(loss.older)} back.`
  if (loss.kind === 'at-most')
    return `At most ${countOf(loss.rows, 'row')} written since ${isOrAre(loss.rows)} only in ${id} now.`
  return `What was written since, if anything, is only in ${id} now. How much that is, is unknown: ${loss.why}.`
}
