import { formatBytes } from '../../lib/format-bytes.ts'
import type { RehearsalEvent } from '../../model/events.ts'
import { formatDuration } from './format-values.ts'
import { oneLine } from './render-failures.ts'

/** Says what happens in a rehearsal, in one line; undefined: that is not worth one. */
export function rehearsalLine(event: RehearsalEvent): string | undefined {
  switch (event.type) {
    case 'rehearsal.tenant-started': {
      const what = event.from === null ? 'copying the tenant, which is closed meanwhile' : `copying ${event.from}`
      return `rehearsal ${event.number}/${event.of}: ${event.tenantId}: ${what}`
    }
    case 'rehearsal.tenant-copied':
      return `rehearsal: ${event.tenantId}: copied ${formatBytes(event.bytes)} in ${formatDuration(event.ms)}, migrating`
    case 'rehearsal.migrated':
      return `rehearsal: ${event.tenantId}: ${event.migrations.join(' + ')} ${formatDuration(event.ms)}`
    case 'rehearsal.tenant-finished':
      return `rehearsal: ${event.tenantId}: ${event.outcome}${event.message === null ? '' : `: ${oneLine(event.message)}`}`
    case 'rehearsal.started':
    case 'rehearsal.finished':
      return undefined
  }
}
