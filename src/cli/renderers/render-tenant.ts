import type { TenantDetail } from '../../fleet/fleet.ts'
import type { Tenant } from '../../model/tenant.ts'
import type { Page } from '../face.ts'
import { formatTags, formatTime, formatVersion } from './format-values.ts'
import { oneLine } from './render-failures.ts'
import { type Column, table } from './table.ts'
import { wrapText } from './wrap-text.ts'

/** The columns in which tenants are listed. */
export const TENANT_COLUMNS: readonly Column<Tenant>[] = [
  { title: 'tenant', text: (it) => it.id },
  { title: 'version', text: (it) => formatVersion(it.version), least: 12 },
  { title: 'state', text: (it) => (it.pinned === null ? it.state : `${it.state}, pinned`) },
  { title: 'tags', text: (it) => formatTags(it.tags), least: 6 },
  { title: 'server', text: (it) => it.placement?.server ?? '', from: 100 },
  { title: 'created', text: (it) => formatTime(it.createdAt), from: 120 },
]

/** Shows all that is known of one tenant. */
export function renderTenant(tenant: TenantDetail, page: Page): string {
  const { width, style } = page
  const { placement } = tenant
  const facts: readonly (readonly [name: string, value: string | null])[] = [
    ['state', tenant.state],
    ['error', tenant.error === null ? null : oneLine(tenant.error)],
    ['pinned', tenant.pinned],
    ['version', formatVersion(tenant.version)],
    ['pending', tenant.pending.length === 0 ? 'nothing' : tenant.pending.join(', ')],
    ['history', tenant.history.length === 0 ? 'no migration' : tenant.history.join(', ')],
    ['tags', formatTags(tenant.tags) || 'none'],
    ['database', placement === null ? null : `${placement.database} on ${placement.server}`],
    ['login', placement?.loginRole ?? null],
    ['origin', tenant.origin],
    ['created', formatTime(tenant.createdAt)],
    ['checked', tenant.checkedAt === null ? 'never' : formatTime(tenant.checkedAt)],
  ]
  const lines = facts.flatMap(([name, value]) =>
    value === null ? [] : [wrapText(value, { width, first: ` ${name.padEnd(9)} `, rest: ' '.repeat(11) })],
  )
  const runs = tenant.runs.map((run) => ({ ...run, message: run.message === null ? '' : oneLine(run.message) }))
  const history =
    runs.length === 0
      ? []
      : [
          '',
          table(
            [
              { title: 'rollout', text: (it) => it.rolloutId },
              { title: 'wave', text: (it) => it.wave, least: 8 },
              { title: 'state', text: (it) => it.state },
              { title: 'tries', text: (it) => String(it.attempt), align: 'right' },
              { title: 'migration', text: (it) => it.migration ?? '', least: 12 },
              { title: '', text: (it) => [it.sqlstate, it.message].filter(Boolean).join('  '), least: 12 },
            ],
            runs,
            page,
          ),
        ]
  return [style('bold', ` ${tenant.id}`), ...lines, ...history].join('\n')
}
