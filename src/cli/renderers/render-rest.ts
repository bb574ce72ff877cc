import type { RolloutStatus } from '../../model/rollout.ts'
import { PAUSE_REASONS, type PauseReason } from '../../model/rollout-state.ts'
import type { Page } from '../face.ts'
import { formatNumber, formatVersion } from './format-values.ts'
import { renderFailures } from './render-failures.ts'
import { wrapText } from './wrap-text.ts'

/** What to type next, and why. */
interface NextStep {
  readonly why: string
  readonly command: string
}

/** Where nothing was drawn before: the causes of failures, then what `renderRest` says. */
export function renderEnd(status: RolloutStatus, page: Page): string {
  const failures = renderFailures(status.failures, { page, failed: failedIn(status) })
  return ['', ...failures, ...(failures.length > 0 ? [''] : []), renderRest(status, page)].join('\n')
}

/** Says in what state the tenants are now that nothing moves, and what to type next. */
export function renderRest(status: RolloutStatus, { width, style }: Page): string {
  const say = (text: string) => wrapText(text, { width, first: ' ' })
  const steps = nextSteps(status).map(({ why, command }) => `   ${why.padEnd(9)}  ${style('bold', command)}`)
  return [say(`${tenantsText(status)} ${stateSentence(status)}`), ...(steps.length > 0 ? ['', ...steps] : [])].join(
    '\n',
  )
}

function tenantsText({ waves, target, undoes }: RolloutStatus): string {
  const sum = (state: 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped') =>
    waves.reduce((total, wave) => total + wave.counts[state], 0)
  const [pending, running, succeeded, failed, skipped] = [
    sum('pending'),
    sum('running'),
    sum('succeeded'),
    sum('failed'),
    sum('skipped'),
  ]
  const parts = [
    `${formatNumber(succeeded)} ${succeeded === 1 ? 'tenant is' : 'tenants are'} ${undoes === null ? `at ${formatVersion(target)}` : `as before ${undoes}`}`,
    ...(failed > 0
      ? [
          undoes === null
            ? `${formatNumber(failed)} failed and kept what they had before the failing migration`
            : `${formatNumber(failed)} failed and stayed as they are`,
        ]
      : []),
    ...(pending > 0 ? [`${formatNumber(pending)} not started`] : []),
    ...(skipped > 0 ? [`${formatNumber(skipped)} skipped`] : []),
  ]
  return `${parts.join(', ')}. ${running > 0 ? `${formatNumber(running)} in flight.` : 'Nothing is running.'}`
}

/** How many tenants of a rollout failed: of all causes, not only of those that a status lists. */
export function failedIn({ waves }: Pick<RolloutStatus, 'waves'>): number {
  return waves.reduce((total, wave) => total + wave.counts.failed, 0)
}

/** One sentence on why it rests; also for `rollout status`. */
export function stateSentence({ id, state, outcome, pauseReason, pauseNote }: RolloutStatus): string {
  switch (state) {
    case 'completed':
      return outcome === 'degraded'
        ? `Rollout ${id} is completed, degraded: some tenants failed within what their wave allows.`
        : `Rollout ${id} is completed.`
    case 'paused':
      return pauseSentence(id, pauseReason, pauseNote)
    case 'aborting':
      return `Rollout ${id} is being aborted.`
    case 'aborted':
      return `Rollout ${id} is aborted: what was done stays done.`
    case 'planned':
    case 'running':
      return `Rollout ${id} is ${state}.`
  }
}

function pauseSentence(id: string, reason: PauseReason | null, pauseNote: string | null): string {
  const meaning = reason === null ? '' : PAUSE_REASONS[reason].replaceAll('`', '')
  const note = (pauseNote ?? '').replace(/\.$/, '')
  const told = note === '' || meaning.startsWith(note) ? '' : ` (${note})`
  return `Rollout ${id} is paused: ${reason ?? 'no reason'}${told}. ${meaning}`.trim()
}

/** The commands that make sense now, the likeliest last. */
export function nextSteps({
  id,
  undoes,
  undoneBy,
  state,
  outcome,
  pauseReason,
  failures,
  driver,
}: RolloutStatus): NextStep[] {
  if (undoneBy !== null) return [{ why: 'undone', command: `fleet rollout show ${undoneBy}` }]
  const look = failures.length > 0 ? [{ why: 'look', command: `fleet rollout show ${id} --failed` }] : []
  const undo = undoes === null ? [{ why: 'take back', command: `fleet rollout undo ${id}` }] : []
  // What stands in the way of an undo is what was written since, as a rule: trying the same again finds it again.
  const afterFailures =
    undoes === null
      ? { why: 'go on', command: `fleet rollout retry ${id} --failed && fleet rollout resume ${id}` }
      : { why: 'again', command: `fleet rollout undo ${undoes} --salvage <folder>` }
  switch (state) {
    case 'completed':
      if (outcome !== 'degraded') return []
      return [...look, ...undo, afterFailures]
    case 'paused':
      return [
        ...look,
        pauseReason === 'failure-budget' ? afterFailures : { why: 'go on', command: `fleet rollout resume ${id}` },
        { why: 'give up', command: `fleet rollout abort ${id}` },
        ...undo,
      ]
    case 'running':
      return driver?.alive
        ? [
            { why: 'watch', command: `fleet rollout status ${id} -w` },
            { why: 'stop', command: `fleet rollout pause ${id}` },
          ]
        : [{ why: 'go on', command: `fleet rollout resume ${id}` }]
    case 'planned':
    case 'aborting':
      return []
    case 'aborted':
      return [...look, ...undo, { why: 'again', command: 'fleet rollout plan' }]
  }
}
