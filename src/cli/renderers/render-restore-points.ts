import { systemClock } from '../../lib/clock.ts'
import { formatBytes } from '../../lib/format-bytes.ts'
import type { Loss, RestorePoint, RestoreResult, Salvage, SalvageRecord } from '../../model/restore-point.ts'
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

/** Says what a tenant has returned to. */
export function renderRestored(result: RestoreResult): string {
  const { tenantId, point, kept, loss, age, closedFor, settingsLost, endpointChanged, salvage } = result
  return [
    ` ${tenantId} is what it was ${point.readyAt === null ? '' : `at ${formatTime(point.readyAt)}, `}${formatDuration(age)} ago (${point.id}): ${formatVersion(point.version)}`,
    ...(closedFor === null ? [] : [` Its clients had to wait for ${closedFor} ms.`]),
    ...(endpointChanged ? [` It has another address now. Give its application: fleet tenant url ${tenantId}`] : []),
    ` ${lossText(loss, kept)}`,
    ` Back again: fleet restore ${tenantId} --to ${kept.id}`,
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

function lossText(loss: Loss, { id }: RestorePoint): string {
  if (loss.kind === 'none') return 'Nothing had been written since.'
  if (loss.kind === 'exact')
    return `${countOf(loss.newer, 'row')} inserted or updated since ${isOrAre(loss.newer)} only in ${id} now; ${countOf(loss.older, 'row')} deleted or updated since ${isOrAre(loss.older)} back.`
  const what =
    loss.kind === 'unknown'
      ? 'What was written since is'
      : `At most ${countOf(loss.rows, 'row')} written since ${isOrAre(loss.rows)}`
  return `${what} only in ${id} now.`
}
