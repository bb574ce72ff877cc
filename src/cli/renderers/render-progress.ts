import type { PauseReason } from '../../model/rollout-state.ts'
import type { Page } from '../face.ts'
import { bar } from './bar.ts'
import { fitText, shortenText } from './fit-text.ts'
import { formatDuration, formatNumber } from './format-values.ts'
import { renderFailures } from './render-failures.ts'
import { type RolloutView, settledIn, speedAt, type WaveView } from './rollout-view.ts'

export interface ProgressPage extends Page {
  /** Lines that the terminal has. */
  readonly rows: number
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Below these many columns, bars are shorter and the digest is left out. */
const NARROW = 60

/** Draws a rollout with its waves as bars: at most `rows` lines, none wider than the page. */
export function renderProgress(view: RolloutView, page: ProgressPage): string {
  const spare = page.rows - 6
  const waves = wavesThatFit(view.waves, Math.max(3, spare - 3))
  const nameWidth = Math.min(Math.floor(page.width / 4), Math.max(8, ...view.waves.map((wave) => wave.name.length)))
  const countWidth = Math.max(...view.waves.map((wave) => countText(wave).length), 5)
  const lines = [
    header(view, page),
    '',
    ...(waves.before > 0 ? [page.style('dim', ` … ${waves.before} more before`)] : []),
    ...waves.shown.map((wave) => waveLine(wave, view, { nameWidth, countWidth, page })),
    ...(waves.after > 0 ? [page.style('dim', ` … ${waves.after} more to come`)] : []),
  ]
  const failures = renderFailures(view.failures, {
    page,
    failed: view.waves.reduce((sum, wave) => sum + wave.failed, 0),
    most: Math.max(1, Math.floor((spare - waves.shown.length) / 2)),
  })
  if (failures.length > 0) lines.push('', ...failures)
  const hint = view.waitingFor ?? view.notice
  if (hint !== null) lines.push('', shortenText(` ${view.waitingFor === null ? '' : 'waiting: '}${hint}`, page.width))
  return lines.join('\n')
}

function header({ id, target, undoes, digest, state, pauseReason }: RolloutView, { width, style }: Page): string {
  const right = `${width < NARROW ? '' : `${digest.slice(0, 8)}  `}${stateText(state, pauseReason)}`
  const where = undoes === null ? `→ ${target ?? 'no migration'}` : `← back to before ${undoes}`
  const left = ` Rollout ${id ?? ''} ${where}`.replace('  ', ' ')
  return `${style('bold', fitText(left, Math.max(0, width - right.length - 2)))}  ${right}`
}

function stateText(state: string, pauseReason: PauseReason | null): string {
  return pauseReason === null || state !== 'paused' ? state : `paused: ${pauseReason}`
}

function waveLine(
  wave: WaveView,
  view: RolloutView,
  { nameWidth, countWidth, page }: { nameWidth: number; countWidth: number; page: ProgressPage },
): string {
  const barWidth = page.width < NARROW ? 10 : 20
  const drawn = bar(settledIn(wave) - wave.skipped, wave.total, barWidth)
  const colour = wave.failed > 0 ? 'red' : wave.finishedAt !== null ? 'green' : 'cyan'
  const start = ` ${fitText(wave.name, nameWidth)}  `
  const counts = `  ${countText(wave).padStart(countWidth)}  `
  const rest = page.width - start.length - barWidth - counts.length
  return `${start}${page.style(colour, drawn)}${counts}${shortenText(remark(wave, view, page.now), rest)}`.trimEnd()
}

function countText(wave: WaveView): string {
  return `${formatNumber(settledIn(wave) - wave.skipped)}/${formatNumber(wave.total)}`
}

/** What is worth saying about a wave: how long it took, or how it goes. */
function remark(wave: WaveView, view: RolloutView, now: number): string {
  const failed = wave.failed > 0 ? [`${formatNumber(wave.failed)} failed`] : []
  const skipped = wave.skipped > 0 ? [`${formatNumber(wave.skipped)} skipped`] : []
  if (wave.failed > wave.maxFailures) {
    return [`stopped: ${failed}, ${formatNumber(wave.maxFailures)} allowed`, ...skipped].join(' · ')
  }
  if (wave.finishedAt !== null || settledIn(wave) === wave.total) {
    const took =
      wave.startedAt === null || wave.finishedAt === null ? [] : [formatDuration(wave.finishedAt - wave.startedAt)]
    return [...skipped, ...failed, ...took].join(' · ')
  }
  if (wave.startedAt === null) return skipped.join('')
  const speed = view.state === 'running' ? speedAt(view, now) : undefined
  const left = wave.total - settledIn(wave)
  return [
    ...(speed === undefined ? [] : [speed >= 10 ? `${Math.round(speed)}/s` : `${speed.toFixed(1)}/s`]),
    ...(wave.running > 0 ? [`${formatNumber(wave.running)} in flight`] : []),
    ...skipped,
    ...failed,
    ...(speed === undefined ? [] : [`${formatDuration((left / speed) * 1_000)} left`]),
  ].join(' · ')
}

/** Where there are more waves than lines: those around the one at work. */
function wavesThatFit(
  waves: readonly WaveView[],
  most: number,
): { shown: readonly WaveView[]; before: number; after: number } {
  if (waves.length <= most) return { shown: waves, before: 0, after: 0 }
  const active = Math.max(
    0,
    waves.findIndex((wave) => settledIn(wave) < wave.total),
  )
  const before = Math.max(0, Math.min(active - 1, waves.length - most))
  return { shown: waves.slice(before, before + most), before, after: waves.length - before - most }
}
