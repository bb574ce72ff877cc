import type { FleetStatus } from '../../model/fleet-status.ts'
import type { Page } from '../face.ts'
import { bar } from './bar.ts'
import { countOf, formatNumber, formatVersion } from './format-values.ts'
import { failedIn, nextSteps, stateSentence } from './render-rest.ts'
import { table } from './table.ts'
import { wrapText } from './wrap-text.ts'

/** Shows the whole fleet: how many tenants are at which version, what is pending, and what goes on. */
export function renderStatus(status: FleetStatus, page: Page): string {
  const { width, style } = page
  const say = (text: string) => wrapText(text, { width, first: ' ' })
  const ready = status.versions.reduce((sum, it) => sum + it.tenants, 0)
  const where = status.servers.length > 1 ? ` on ${status.servers.length} servers` : ''
  const lines = [
    style('bold', say(`${status.fleet}: ${countOf(status.tenants, 'tenant')}${where} · ${status.provider}`)),
    '',
  ]
  if (ready > 0) lines.push(versionTable(status, { ready, page }), '')
  lines.push(say(pendingText(status)))
  const odd = oddities(status)
  if (odd.length > 0) lines.push(say(odd.join(' · ')))
  if (status.rollout) {
    lines.push('', say(stateSentence(status.rollout)))
    for (const { why, command } of nextSteps(status.rollout)) lines.push(`   ${why.padEnd(9)}  ${command}`)
  }
  if (status.tenants === 0) lines.push('', say('Make the first one: fleet tenant create acme'))
  return lines.join('\n')
}

function versionTable({ versions }: FleetStatus, { ready, page }: { ready: number; page: Page }): string {
  return table(
    [
      { title: 'version', text: (it) => formatVersion(it.version), least: 16 },
      { title: '', text: (it) => bar(it.tenants, ready, 20, { rest: ' ' }), from: 60 },
      { title: 'tenants', text: (it) => formatNumber(it.tenants), align: 'right' },
      { title: '', text: (it) => `${((it.tenants / ready) * 100).toFixed(1)} %`, align: 'right' },
      {
        title: '',
        text: (it) => (it.behind === null ? 'not in the folder' : it.behind === 0 ? '' : `behind by ${it.behind}`),
        least: 12,
      },
    ],
    versions,
    page,
  )
}

function pendingText({ pending, newest, released, newTenantsGet }: FleetStatus): string {
  if (newest === null) return 'There is no migration yet: fleet migrate make <name>'
  const wanted = released ?? newest
  const since = newTenantsGet === wanted ? '' : `; what comes after it was taken back, up to ${wanted}`
  const created =
    released === null && since === ''
      ? `Nothing was released yet: new tenants get the newest file, ${newest}.`
      : `New tenants get ${newTenantsGet ?? 'no migration'}${since}.`
  if (pending.length === 0) return `Nothing is pending. ${created}`
  const names = pending
    .slice(0, 3)
    .map(({ name, tenants, withdrawn }) => `${name} (${countOf(tenants, 'tenant')}${withdrawn ? '; taken back' : ''})`)
  const more = pending.length > 3 ? `, and ${pending.length - 3} more` : ''
  return `Pending: ${names.join(', ')}${more}. ${created} Next: fleet rollout plan`
}

function oddities({ states, pinned, rollout }: FleetStatus): string[] {
  const failed = rollout === null ? 0 : failedIn(rollout)
  return [
    ...(failed > 0 ? [`${formatNumber(failed)} failed in ${rollout?.id}`] : []),
    ...(pinned > 0 ? [`${formatNumber(pinned)} pinned`] : []),
    ...(states.creating > 0 ? [`${formatNumber(states.creating)} being created`] : []),
    ...(states.deleting > 0 ? [`${formatNumber(states.deleting)} being deleted`] : []),
    ...(states.failed > 0
      ? [`${formatNumber(states.failed)} could not be created: fleet tenant list --state failed`]
      : []),
  ]
}
