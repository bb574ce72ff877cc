import { systemClock } from '../../lib/clock.ts'
import { formatBytes } from '../../lib/format-bytes.ts'
import type { Rehearsal, RehearsedTenant, RolloutEstimate } from '../../model/rehearsal.ts'
import type { RolloutPlan } from '../../model/rollout.ts'
import type { Page } from '../face.ts'
import { countOf, formatDuration, formatNumber, formatVersion } from './format-values.ts'
import { oneLine, renderFailures } from './render-failures.ts'
import { table } from './table.ts'
import { wrapText } from './wrap-text.ts'

/** Shows what a rehearsal found out: tenants, migrations, failures, and how long the rollout is expected to take. */
export function renderRehearsal(rehearsal: Rehearsal, plan: Pick<RolloutPlan, 'tenants'>, page: Page): string {
  const { tenants, failures, estimate } = rehearsal
  const failed = tenants.filter(({ outcome }) => outcome === 'failed').length
  const layout = { width: page.width, cut: page.cut, indent: 3 }
  const say = (text: string) => wrapText(text, { width: page.width, first: '   ' })
  return [
    `${page.style('bold', ` Rehearsal ${rehearsal.id}`)}  ${countOf(tenants.length, 'tenant')}, ${formatNumber(failed)} failed`,
    '',
    table<RehearsedTenant>(
      [
        { title: 'tenant', text: (it) => it.tenantId, least: 12 },
        { title: 'picked', text: (it) => it.reason },
        { title: 'copy of', text: sourceText },
        { title: 'size', text: (it) => formatBytes(it.bytes), align: 'right' },
        { title: 'copied', text: copiedText, align: 'right' },
        { title: 'migrated', text: migratedText, align: 'right' },
        { title: '', text: (it) => it.outcome },
      ],
      tenants,
      layout,
    ),
    ...stepTable(tenants, layout),
    ...tenants.flatMap(noteLines).flatMap((it) => ['', say(it)]),
    ...(failures.length > 0 ? ['', ...renderFailures(failures, { page, failed })] : []),
    ...leftOut(rehearsal).flatMap((it) => ['', say(it)]),
    ...(estimate === null ? [] : ['', say(estimateText(estimate, plan))]),
  ].join('\n')
}

/** Says why a plan does not start, and what to do. */
export function rehearsalRefusal({ id }: Rehearsal): string {
  return `It does not start: it failed in rehearsal ${id}. Correct the migration, or the data and make a new restore point of the tenant, and rehearse again; or add --force.`
}

function sourceText({ source }: RehearsedTenant): string {
  if (source.kind === 'tenant') return 'the tenant'
  const at = source.readyAt?.getTime()
  return at === undefined ? source.id : `${source.id}, ${formatDuration(systemClock.now().getTime() - at)} old`
}

function copiedText({ copyMs, closedMs }: RehearsedTenant): string {
  if (copyMs === null) return ''
  return `${formatDuration(copyMs)}${closedMs > 0 ? ' closed' : ''}`
}

function migratedText({ steps }: RehearsedTenant): string {
  return steps.length === 0 ? '' : formatDuration(steps.reduce((sum, { ms }) => sum + ms, 0))
}

interface StepRow {
  readonly name: string
  readonly times: readonly number[]
  readonly lock: string
  readonly grown: number
}

/** Of each migration what the slowest, the longest locked and the most grown branch said. */
function stepTable(tenants: readonly RehearsedTenant[], layout: Pick<Page, 'width' | 'cut'>): string[] {
  // What failed was cut short.
  const steps = tenants.flatMap((it) => (it.outcome === 'passed' ? it.steps : it.steps.slice(0, -1)))
  const names = [...new Set(steps.map(({ migrations }) => migrations.join(' + ')))].toSorted()
  const rows = names.map((name): StepRow => {
    const own = steps.filter(({ migrations }) => migrations.join(' + ') === name)
    const [longest] = own.flatMap(({ locks }) => locks).toSorted((a, b) => b.ms - a.ms)
    return {
      name,
      times: own.map(({ ms }) => ms),
      lock: longest === undefined ? '' : `${formatDuration(longest.ms)}  ${longest.mode} ${longest.table}`,
      grown: Math.max(...own.map(({ grownBytes }) => grownBytes)),
    }
  })
  if (rows.length === 0) return []
  const columns = [
    { title: 'migration', text: (it: StepRow) => it.name, least: 16 },
    { title: 'time', text: (it: StepRow) => timesText(it.times), align: 'right' as const },
    { title: 'growth', text: (it: StepRow) => growthText(it.grown), align: 'right' as const },
    { title: 'longest lock', text: (it: StepRow) => it.lock, least: 14 },
  ]
  return ['', table(columns, rows, layout)]
}

function timesText(times: readonly number[]): string {
  const [least, most] = [Math.min(...times), Math.max(...times)].map(formatDuration)
  return least === most ? `${most}` : `${least} to ${most}`
}

function growthText(bytes: number): string {
  if (bytes === 0) return 'none'
  return bytes < 0 ? `-${formatBytes(-bytes)}` : formatBytes(bytes)
}

function noteLines({ tenantId, outcome, problem, caughtUp, notes }: RehearsedTenant): string[] {
  return [
    ...(outcome === 'unknown' && problem !== null ? [`${tenantId} says nothing: ${oneLine(problem.message)}`] : []),
    ...(caughtUp.length > 0
      ? [`The copy of ${tenantId} was older than the tenant: ${caughtUp.join(', ')} came first, not measured.`]
      : []),
    ...notes.map((it) => `Unlike in ${tenantId}: ${oneLine(it)}`),
  ]
}

function leftOut({ leftOut, versionsLeftOut }: Rehearsal): string[] {
  const { withoutRestorePoint, elsewhere } = leftOut
  return [
    ...(withoutRestorePoint > 0
      ? [
          `Could not be picked: ${countOf(withoutRestorePoint, 'tenant')} without a restore point (--rehearse-closes-tenants copies tenants themselves).`,
        ]
      : []),
    ...(elsewhere > 0 ? [`Could not be picked: ${countOf(elsewhere, 'tenant')} reached by a URL of their own.`] : []),
    ...(versionsLeftOut.length > 0
      ? [`Nobody was rehearsed who starts from: ${versionsLeftOut.map(formatVersion).join(', ')}.`]
      : []),
  ]
}

function estimateText({ ms, interval, tenantMs, measured }: RolloutEstimate, { tenants }: { tenants: number }): string {
  const range =
    interval === null
      ? 'too few tenants were measured for an interval'
      : `${formatDuration(interval.lowMs)} to ${formatDuration(interval.highMs)}: 95 % interval of the mean`
  return `Expected for ${countOf(tenants, 'tenant')}: ${formatDuration(ms)} (${range}), from ${formatDuration(tenantMs)} per tenant on average of ${measured} measured one at a time.`
}
