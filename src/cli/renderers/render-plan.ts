import type { PlannedMigration, PlannedWave, RolloutPlan } from '../../model/rollout.ts'
import type { Page } from '../face.ts'
import { fitText } from './fit-text.ts'
import { countOf, formatNumber, formatVersion } from './format-values.ts'
import { causesOf, renderAssessment, verdictText } from './render-assessment.ts'
import { restorePointCostLines } from './restore-point-cost.ts'
import { planServiceLines } from './service-cost.ts'
import { table } from './table.ts'
import { wrapText } from './wrap-text.ts'

/** Shows what a rollout would do: migrations, waves with every number resolved, and who is left out. */
export function renderPlan(plan: RolloutPlan, page: Page): string {
  const { width, style } = page
  if (plan.tenants === 0) return nothingToDo(plan, page)
  const digest = `digest ${plan.digest.slice(0, 8)}`
  const title = fitText(` Plan  ${startOf(plan)} → ${formatVersion(plan.target)}`, width - digest.length - 2)
  const migrations = table(
    [
      { title: '', text: (it) => it.name },
      { title: '', text: (it) => countOf(it.tenants, 'tenant'), align: 'right' },
      { title: '', text: (it) => verdictText(it.assessment.verdict, page) },
      { title: '', text: noteOf, least: 10 },
    ],
    plan.migrations,
    { width, cut: page.cut, indent: 3 },
  )
  return [
    `${style('bold', title)}  ${digest}`,
    '',
    migrations,
    ...details(plan, page),
    '',
    waveTable(plan, page),
    ...leftOut(plan, width),
  ].join('\n')
}

/** Shows the waves of a plan with every number resolved. */
export function waveTable(plan: RolloutPlan, { width, cut }: Page): string {
  return table<PlannedWave>(
    [
      { title: 'wave', text: (it) => it.name, least: 12 },
      { title: 'tenants', text: (it) => formatNumber(it.tenants), align: 'right' },
      { title: 'at once', text: (it) => atOnceText(it, plan) },
      { title: 'failures allowed', text: (it) => formatNumber(it.maxFailures) },
    ],
    plan.waves,
    { width, cut, indent: 3 },
  )
}

function noteOf({ transaction, recompiled, assessment }: PlannedMigration): string {
  const parts = [
    causesOf(assessment),
    ...(transaction ? [] : ['not in a transaction']),
    ...(recompiled ? ['recompiled: other SQL than those who have it got'] : []),
  ]
  return parts.filter((it) => it !== '').join('; ')
}

/** What a reviewer has to know of those that are not safe. */
function details(plan: RolloutPlan, page: Page): string[] {
  const { migrations } = plan
  const unsafe = migrations.filter(
    ({ assessment: { verdict, findings } }) => verdict !== 'safe' || findings.some((it) => it.refused),
  )
  const restorePoints = restorePointText(plan)
  const cost = plan.restorePointCost ? restorePointCostLines(plan.restorePointCost, page) : []
  return [
    ...unsafe.flatMap(({ file, assessment }) => ['', renderAssessment(file, assessment, page)]),
    ...(restorePoints === undefined ? [] : ['', wrapText(restorePoints, { width: page.width, first: '   ' })]),
    ...(cost.length > 0 ? ['', ...cost] : []),
    ...planServiceLines(plan, page),
  ]
}

function restorePointText({ migrations, policy, restorePointCost }: RolloutPlan): string | undefined {
  const servers = restorePointCost?.servers ?? []
  const isOnline = servers.length > 0 && servers.every(({ closed }) => closed?.longest === 0)
  const names = migrations.filter(({ assessment }) => assessment.restorePoint).map(({ name }) => name)
  const positions = restorePointCost?.positions ?? 0
  if (positions > 0) return [...(names.length > 0 ? [copiedText(names, isOnline)] : []), notedText(positions)].join(' ')
  if (policy.restorePoints === 'always')
    return `Each tenant gets a restore point first${isOnline ? ', and stays in use meanwhile.' : ': its sessions are ended, and nobody gets in while it is copied.'}`
  if (names.length === 0) return undefined
  if (policy.restorePoints === 'never')
    return `No restore point is taken, although one should be before: ${names.join(', ')}.`
  return copiedText(names, isOnline)
}

function copiedText(names: readonly string[], isOnline: boolean): string {
  return `Tenants that lack ${names.join(' or ')} get a restore point first${isOnline ? ', and stay in use meanwhile.' : ': their sessions are ended, and nobody gets in while they are copied.'}`
}

function notedText(tenants: number): string {
  return `Of ${countOf(tenants, 'tenant')} without risky migrations the position in the history is noted first: nothing is copied, and it is not proven that one can return to it.`
}

function nothingToDo(plan: RolloutPlan, { width }: Page): string {
  const current = plan.skipped.current
  const who =
    current > 0 ? `${countOf(current, 'tenant')} ${current === 1 ? 'is' : 'are'} at or beyond` : 'no tenant needs'
  return [
    wrapText(`Nothing to do: ${who} ${formatVersion(plan.target)}.`, { width, first: ' ' }),
    ...leftOut(plan, width),
  ].join('\n')
}

/** Where the tenants are now: one version, or how many. */
function startOf({ versions }: RolloutPlan): string {
  const starts = versions.filter((it) => it.pending.length > 0)
  const [only] = starts
  return starts.length === 1 && only ? formatVersion(only.version) : `${starts.length} versions`
}

function atOnceText(wave: PlannedWave, { policy }: RolloutPlan): string {
  const most = Math.min(wave.concurrency, wave.tenants)
  return wave.atOnce < most ? `${wave.atOnce} (of ${wave.concurrency}: ${policy.failureMode})` : `${wave.atOnce}`
}

function leftOut({ skipped, releases, withdrawn = [] }: RolloutPlan, width: number): string[] {
  const { pinned, pinnedExamples, current, unmatched, notReady } = skipped
  const examples = pinnedExamples.map(({ id, reason }) => `${id} ("${reason}")`).join(', ')
  const parts = [
    ...(pinned > 0
      ? [`${formatNumber(pinned)} pinned: ${examples}${pinned > pinnedExamples.length ? ', …' : ''}.`]
      : []),
    ...(current > 0 ? [`${formatNumber(current)} already there.`] : []),
    ...(unmatched > 0 ? [`${formatNumber(unmatched)} in no wave.`] : []),
    ...(notReady > 0 ? [`${formatNumber(notReady)} not ready (being made or deleted, or failed).`] : []),
  ]
  const say = (text: string) => wrapText(text, { width, first: '   ' })
  return [
    ...(parts.length === 0 ? [] : ['', say(`Left out: ${parts.join(' ')}`)]),
    ...(withdrawn.length === 0
      ? []
      : [
          '',
          say(
            `Taken back by an undo, and left out with what comes after: ${withdrawn.join(', ')}. Correct the file, or take it all the same with --again.`,
          ),
        ]),
    ...(releases
      ? []
      : ['', say('New tenants keep getting the version that they get now: this is not about all tenants.')]),
  ]
}
