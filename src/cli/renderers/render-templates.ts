import type { TemplateInfo } from '../../fleet/fleet.ts'
import type { Page } from '../face.ts'
import { formatTime, formatVersion } from './format-values.ts'
import { table } from './table.ts'

/** Lists templates by server. */
export function renderTemplates(templates: readonly TemplateInfo[], page: Page): string {
  if (templates.length === 0)
    return ' There is no template yet. One is built with the first tenant, or by: fleet template build'
  return table<TemplateInfo>(
    [
      { title: 'server', text: (it) => it.server },
      { title: 'version', text: (it) => formatVersion(it.version), least: 12 },
      { title: 'database', text: (it) => it.database, least: 16 },
      { title: 'built', text: (it) => formatTime(it.createdAt) },
    ],
    templates,
    page,
  )
}
