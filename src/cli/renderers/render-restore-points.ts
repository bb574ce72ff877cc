import { systemClock } from '../../lib/clock.ts'
import type { RestorePoint, RestoreResult } from '../../model/restore-point.ts'
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
  const what = {
    none: () => 'Nothing had been written since.',
    'at-most': (rows: number) => `At most ${countOf(rows, 'row')} written since are only in ${kept.id} now.`,
    unknown: () => `What was written since is only in ${kept.id} now.`,
  }
  const lost = loss.kind === 'at-most' ? what['at-most'](loss.rows) : what[loss.kind]()
  return [
    ` ${tenantId} is what it was ${point.readyAt === null ? '' : `at ${formatTime(point.readyAt)} `}(${point.id}): ${formatVersion(point.version)}`,
    ` ${lost}`,
    ` Back again: fleet restore ${tenantId} --to ${kept.id}`,
    ...settingsLost.map((it) => ` Could not be set again: ${it}`),
  ].join('\n')
}
