import { systemClock } from '../../lib/clock.ts'
import type { Loss, RestorePoint, RestoreResult } from '../../model/restore-point.ts'
import type { Page } from '../face.ts'
import { countOf, formatBytes, formatDuration, formatTime, formatVersion } from './format-values.ts'
import { table } from './table.ts'

/** Lists restore points. */
export function renderRestorePoints(points: readonly RestorePoint[], page: Page): string {
  if (points.length === 0) return ' There is no restore point. Make one with: fleet restore-point create <tenant>'
  const now = systemClock.now().getTime()
  return table<RestorePoint>(
    [
      { title: 'id', text: (it) => it.id },
      { title: 'tenant', text: (it) => it.tenantId, least: 10 },
      { title: 'state', text: (it) => it.state },
      { title: 'version', text: (it) => formatVersion(it.version), least: 12 },
      { title: 'age', text: (it) => formatDuration(now - it.createdAt.getTime()), align: 'right' },
      { title: 'size', text: (it) => (it.bytes === null ? '' : formatBytes(it.bytes)), align: 'right' },
      { title: 'expires', text: (it) => (it.expiresAt === null ? '' : formatTime(it.expiresAt)) },
    ],
    points,
    page,
  )
}

/** Says what a tenant has returned to. */
export function renderRestored({ tenantId, point, kept, loss, settingsLost }: RestoreResult): string {
  return [
    ` ${tenantId} is what it was ${point.readyAt === null ? '' : `at ${formatTime(point.readyAt)} `}(${point.id}): ${formatVersion(point.version)}`,
    ` ${lossText(loss, kept)}`,
    ` Back again: fleet restore ${tenantId} --to ${kept.id}`,
    ...settingsLost.map((it) => ` Could not be set again: ${it}`),
  ].join('\n')
}

function lossText(loss: Loss, { id }: RestorePoint): string {
  if (loss.kind === 'none') return 'Nothing had been written since.'
  const what =
    loss.kind === 'unknown' ? 'What was written since is' : `At most ${countOf(loss.rows, 'row')} written since are`
  return `${what} only in ${id} now.`
}
