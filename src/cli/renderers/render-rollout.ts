import { systemClock } from '../../lib/clock.ts'
import type { RolloutStatus, RolloutSummary } from '../../model/rollout.ts'
import type { Page } from '../face.ts'
import { formatDuration, formatTime, formatVersion } from './format-values.ts'
import { renderProgress } from './render-progress.ts'
import { renderRest } from './render-rest.ts'
import { viewOfStatus } from './rollout-view.ts'
import { table } from './table.ts'
import { wrapText } from './wrap-text.ts'

/** Shows one rollout as it stands: waves, failures, driver, and what to type next. */
export function renderRollout(status: RolloutStatus, page: Page): string {
  const now = systemClock.now().getTime()
  // It is not redrawn, so it may be as long as it likes.
  const progress = renderProgress(viewOfStatus(status), { ...page, rows: 1_000, now })
  return [progress, '', ...driverLine(status, { width: page.width, now }), renderRest(status, page)].join('\n')
}

function driverLine({ driver, state }: RolloutStatus, { width, now }: { width: number; now: number }): string[] {
  if (driver === null || state !== 'running') return []
  const ago = formatDuration(now - driver.heartbeatAt.getTime())
  const text = driver.alive
    ? `Driven by ${driver.name}.`
    : `Nobody drives it: ${driver.name} was last heard of ${ago} ago.`
  return [wrapText(text, { width, first: ' ' })]
}

/** Lists rollouts, the newest first. */
export function renderRollouts(rollouts: readonly RolloutSummary[], page: Page): string {
  if (rollouts.length === 0) return ' There was no rollout yet. See what one would do: fleet rollout plan'
  return table<RolloutSummary>(
    [
      { title: 'rollout', text: (it) => it.id },
      {
        title: 'state',
        text: (it) => [it.state, it.outcome ?? it.pauseReason].filter((part) => part !== null).join(': '),
      },
      {
        title: 'target',
        text: (it) => (it.undoes === null ? formatVersion(it.target) : `undoes ${it.undoes}`),
        least: 12,
      },
      { title: 'started', text: (it) => (it.startedAt ? formatTime(it.startedAt) : '') },
      {
        title: 'took',
        text: ({ startedAt, finishedAt }) =>
          startedAt && finishedAt ? formatDuration(finishedAt.getTime() - startedAt.getTime()) : '',
      },
      { title: 'digest', text: (it) => it.digest.slice(0, 8), from: 90 },
    ],
    rollouts,
    page,
  )
}
