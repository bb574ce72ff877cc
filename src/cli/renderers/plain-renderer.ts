import type { RolloutEvent } from '../../model/events.ts'
import type { RolloutStatus } from '../../model/rollout.ts'
import type { Face } from '../face.ts'
import { countOf, formatDuration, formatNumber, formatVersion } from './format-values.ts'
import { oneLine } from './render-failures.ts'
import { renderEnd } from './render-rest.ts'
import type { RolloutRenderer } from './renderer.ts'
import { type RolloutView, reduceView, settledIn } from './rollout-view.ts'

/** Least time between two progress lines, and the time after which there is one anyway, in milliseconds. */
const LEAST = 1_000
const MOST = 5_000

/** Shows a rollout as lines, for logs: waves, failures, and progress at every tenth or every few seconds. */
export function plainRenderer(face: Face, initial: RolloutView): RolloutRenderer {
  let view = initial
  let progress: { wave: string; tenth: number; at: number } = { wave: '', tenth: 0, at: 0 }

  const progressLine = (wave: string, at: number): string | undefined => {
    const it = view.waves.find(({ name }) => name === wave)
    if (it === undefined || settledIn(it) === it.total) return undefined
    const tenth = Math.floor((settledIn(it) / it.total) * 10)
    const since = at - progress.at
    if (progress.wave === wave && (since < LEAST || (tenth === progress.tenth && since < MOST))) return undefined
    const first = progress.wave !== wave
    progress = { wave, tenth, at }
    return first
      ? undefined
      : `${wave}: ${formatNumber(settledIn(it))}/${formatNumber(it.total)} done, ${formatNumber(it.failed)} failed`
  }
  return {
    event: (event) => {
      const before = view
      view = reduceView(view, event)
      for (const line of linesOf(event, { before, view })) face.print(line)
      if (event.type === 'tenant.succeeded' || event.type === 'tenant.failed') {
        const line = progressLine(event.wave, Date.parse(event.at))
        if (line !== undefined) face.print(line)
      }
    },
    notice: (text) => face.note(text),
    rest: (status: RolloutStatus | undefined) => {
      if (status === undefined) return
      face.print(renderEnd(status, face.page()))
    },
    close: () => {},
  }
}

/** The lines of one event; what happens to each tenant that succeeds is not worth one. */
export function linesOf(event: RolloutEvent, { before, view }: { before: RolloutView; view: RolloutView }): string[] {
  switch (event.type) {
    case 'rollout.started':
      return [
        `rollout ${event.rolloutId} started: ${countOf(event.tenants, 'tenant')} ${event.undoes === undefined ? `→ ${formatVersion(event.target)}` : `back to before ${event.undoes}`}, digest ${event.digest.slice(0, 8)}`,
      ]
    case 'rollout.resumed':
      // What was started by this process a moment ago is not news.
      if (before.state === 'running' && event.takenOverFrom === null) return []
      return [
        `rollout ${event.rolloutId} resumed${event.takenOverFrom === null ? '' : `, taken over from ${event.takenOverFrom}`}`,
      ]
    case 'rollout.waiting':
      return [`waiting: ${event.reason}`]
    case 'wave.started': {
      const total = view.waves.find(({ name }) => name === event.wave)?.total ?? 0
      return [`${event.wave}: started, ${countOf(total, 'tenant')}`]
    }
    case 'wave.finished': {
      const wave = view.waves.find(({ name }) => name === event.wave)
      const took = wave?.startedAt && wave.finishedAt ? `, ${formatDuration(wave.finishedAt - wave.startedAt)}` : ''
      return [
        `${event.wave}: finished, ${formatNumber(wave?.succeeded ?? 0)} succeeded, ${formatNumber(event.failed)} failed${took}`,
      ]
    }
    case 'tenant.failed': {
      const cause = [event.migration, event.sqlstate, oneLine(event.message)].filter((it) => it !== null)
      return [`${event.wave}: ${event.tenantId} failed: ${cause.join('  ')}`]
    }
    case 'tenant.released': {
      const wait = formatDuration(event.retryInMs)
      return [
        `${event.wave}: ${event.tenantId} tries again in ${wait}: ${[event.sqlstate, oneLine(event.message)].filter((it) => it !== null).join('  ')}`,
      ]
    }
    case 'migration.proven':
      return [
        `${event.migration}: sent as recorded from now on (${countOf(event.tenants, 'tenant')} ran it live and alike)`,
      ]
    case 'migration.deviated':
      return [`${event.migration}: runs live from now on (${event.tenantId}: ${oneLine(event.deviation)})`]
    case 'server.paused':
      return [
        `server ${event.server} is left out: ${event.sqlstate === '' ? '' : `${event.sqlstate}  `}${oneLine(event.message)}`,
      ]
    case 'rollout.paused':
      return [`rollout ${event.rolloutId} paused: ${event.reason}${event.note === '' ? '' : ` (${event.note})`}`]
    case 'rollout.finished':
      return event.state === 'aborted' ? [`rollout ${event.rolloutId} aborted: what was done stays done`] : []
    case 'tenant.restored':
      return event.endpointChanged
        ? [`${event.tenantId}: has another address now. Give its application: fleet tenant url ${event.tenantId}`]
        : []
    case 'tenant.restore-point':
    case 'tenant.started':
    case 'tenant.succeeded':
      return []
  }
}
