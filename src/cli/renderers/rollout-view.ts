import type { RolloutEvent } from '../../model/events.ts'
import { causeOf } from '../../model/failure-cause.ts'
import type { FailureGroup, RolloutPlan, RolloutStatus } from '../../model/rollout.ts'
import type { PauseReason, RolloutOutcome, RolloutState } from '../../model/rollout-state.ts'
import { countOf } from './format-values.ts'

/** What a renderer shows of a wave. Times are in milliseconds since 1970. */
export interface WaveView {
  readonly name: string
  readonly total: number
  readonly succeeded: number
  readonly failed: number
  readonly skipped: number
  readonly running: number
  readonly maxFailures: number
  readonly startedAt: number | null
  readonly finishedAt: number | null
}

/** A rollout as renderers show it: the plan or a status with every event since folded in. */
export interface RolloutView {
  /** Null until it is started. */
  readonly id: string | null
  readonly state: RolloutState
  readonly pauseReason: PauseReason | null
  readonly outcome: RolloutOutcome | null
  readonly target: string | null
  /** The rollout that it takes back; null: it goes forward. */
  readonly undoes: string | null
  readonly digest: string
  readonly waves: readonly WaveView[]
  readonly failures: readonly FailureGroup[]
  /** When the latest tenants settled, in order: what the speed is told from. */
  readonly settledAt: readonly number[]
  /** Tries that came to nothing by themselves and are made again. */
  readonly retries: number
  /** What it waits for; null: for nothing. */
  readonly waitingFor: string | null
  /** Tenants that have another address now. */
  readonly moved: number
  /** The last thing out of the ordinary. */
  readonly notice: string | null
}

/** Enough to tell a speed from, little enough to copy with every event. */
const SAMPLES = 100

/** Returns the view of a rollout that is about to start. */
export function viewOfPlan({ target, undo, digest, waves }: RolloutPlan): RolloutView {
  return {
    ...REST,
    id: null,
    state: 'planned',
    target,
    undoes: undo?.of ?? null,
    digest,
    waves: waves.map(({ name, tenants, maxFailures }) => ({ ...NOTHING_DONE, name, total: tenants, maxFailures })),
  }
}

/** Returns the view of a rollout that was found. */
export function viewOfStatus(status: RolloutStatus): RolloutView {
  const { id, state, pauseReason, outcome, target, undoes, digest, failures } = status
  const waves = status.waves.map(({ name, counts, maxFailures, startedAt, finishedAt }): WaveView => {
    const { pending, running, succeeded, failed, skipped } = counts
    return {
      name,
      total: pending + running + succeeded + failed + skipped,
      succeeded,
      failed,
      skipped,
      running,
      maxFailures,
      startedAt: startedAt?.getTime() ?? null,
      finishedAt: finishedAt?.getTime() ?? null,
    }
  })
  return { ...REST, id, state, pauseReason, outcome, target, undoes, digest, waves, failures }
}

const REST = {
  pauseReason: null,
  outcome: null,
  failures: [],
  settledAt: [],
  retries: 0,
  waitingFor: null,
  moved: 0,
  notice: null,
}
const NOTHING_DONE = { succeeded: 0, failed: 0, skipped: 0, running: 0, startedAt: null, finishedAt: null }

/** Folds one event into the view. */
export function reduceView(before: RolloutView, event: RolloutEvent): RolloutView {
  const at = Date.parse(event.at)
  const view: RolloutView =
    event.type === 'rollout.waiting' ? before : { ...before, id: event.rolloutId, waitingFor: null }
  switch (event.type) {
    case 'rollout.started':
      return {
        ...view,
        state: 'running',
        target: event.target,
        undoes: event.undoes ?? null,
        digest: event.digest,
        failures: [],
      }
    case 'rollout.resumed':
      return {
        ...view,
        state: 'running',
        pauseReason: null,
        // What a driver that died left running is pending again.
        waves: view.waves.map((wave) => ({ ...wave, running: 0 })),
        notice: event.takenOverFrom === null ? null : `taken over from ${event.takenOverFrom}`,
      }
    case 'rollout.waiting':
      return { ...view, waitingFor: event.reason }
    case 'wave.started':
      return inWave(view, event.wave, (wave) => ({
        ...wave,
        startedAt: wave.startedAt ?? at,
        finishedAt: null,
      }))
    case 'wave.finished':
      return inWave(view, event.wave, (wave) => ({
        ...wave,
        failed: Math.max(wave.failed, event.failed),
        finishedAt: at,
      }))
    case 'tenant.started':
      return inWave(view, event.wave, (wave) => {
        const running = wave.running + 1
        return {
          ...wave,
          running,
          total: Math.max(wave.total, settledIn(wave) + running),
          startedAt: wave.startedAt ?? at,
        }
      })
    case 'tenant.succeeded':
      return settle(
        inWave(view, event.wave, (wave) => ({ ...leave(wave), succeeded: wave.succeeded + 1 })),
        at,
      )
    case 'tenant.failed': {
      const failed = inWave(view, event.wave, (wave) => ({ ...leave(wave), failed: wave.failed + 1 }))
      return settle({ ...failed, failures: addFailure(view.failures, event) }, at)
    }
    case 'tenant.released':
      return { ...inWave(view, event.wave, leave), retries: view.retries + 1 }
    case 'migration.proven':
    case 'tenant.restore-point':
      return view
    case 'tenant.restored':
      return event.endpointChanged ? noteMove(view, event.tenantId) : view
    case 'migration.deviated':
      return { ...view, notice: `${event.migration} runs live: it differs from what was recorded` }
    case 'server.paused':
      return {
        ...view,
        notice: `server ${event.server} left out${event.sqlstate === '' ? '' : ` (${event.sqlstate})`}: ${event.message}`,
      }
    case 'rollout.paused':
      return { ...view, state: 'paused', pauseReason: event.reason }
    case 'rollout.finished':
      return {
        ...view,
        state: event.state,
        outcome: event.outcome,
        pauseReason: event.pauseReason,
        failures: event.failures,
        waves: view.waves.map((wave) => ({ ...wave, running: 0 })),
      }
  }
}

/** How many tenants of a wave need nothing more. */
export function settledIn({ succeeded, failed, skipped }: WaveView): number {
  return succeeded + failed + skipped
}

/** Tenants per second over the last ten seconds; undefined when too few settled to tell. */
export function speedAt({ settledAt }: RolloutView, now: number): number | undefined {
  const recent = settledAt.filter((at) => at > now - 10_000)
  const [first] = recent
  if (first === undefined || recent.length < 3) return undefined
  return recent.length / Math.max((now - first) / 1_000, 0.1)
}

function inWave(view: RolloutView, name: string, change: (wave: WaveView) => WaveView): RolloutView {
  return { ...view, waves: view.waves.map((wave) => (wave.name === name ? change(wave) : wave)) }
}

function leave(wave: WaveView): WaveView {
  return { ...wave, running: Math.max(0, wave.running - 1) }
}

function settle(view: RolloutView, at: number): RolloutView {
  return { ...view, settledAt: [...view.settledAt.slice(1 - SAMPLES), at] }
}

function addFailure(
  groups: readonly FailureGroup[],
  { migration, sqlstate, message, tenantId }: Extract<RolloutEvent, { type: 'tenant.failed' }>,
): readonly FailureGroup[] {
  const cause = causeOf({ migration, sqlstate, message })
  const same = (it: FailureGroup) => causeOf(it) === cause
  if (groups.some(same)) return groups.map((it) => (same(it) ? { ...it, count: it.count + 1 } : it))
  return [...groups, { migration, sqlstate, message, count: 1, example: tenantId }]
}

/** Applications know nothing of it until somebody tells them. */
function noteMove(view: RolloutView, tenantId: string): RolloutView {
  const moved = view.moved + 1
  const who = moved === 1 ? `${tenantId} has` : `${countOf(moved, 'tenant')} have`
  return { ...view, moved, notice: `${who} another address now: fleet tenant url ${tenantId}` }
}
