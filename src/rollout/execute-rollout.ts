import type { ClaimableRun } from '../catalog/tenant-runs.ts'
import type { Engine } from '../engine/engine.ts'
import type { Clock } from '../lib/clock.ts'
import type { FailureMode } from '../model/rollout.ts'
import type { RolloutFacts, WaveFacts } from '../model/rollout-facts.ts'
import type { PauseReason } from '../model/rollout-state.ts'
import type { EventBody } from './migrate-tenant.ts'
import { nextStep, type Step } from './next-step.ts'
import { nextTasks } from './next-tasks.ts'

/** As much of the catalog as the loop needs; each write carries the epoch and is refused when that is an old one. */
export interface RolloutStore {
  facts(): Promise<RolloutFacts>
  claimable(
    wave: WaveFacts,
    limits: { readonly most: number; readonly perServer: number },
    held: readonly { tenantId: string; server: string }[],
    proving: readonly string[],
  ): Promise<ClaimableRun[]>
  /** Frees runs whose claim was answered to nobody; only while no task is held. */
  releaseLostClaims(): Promise<void>
  markWaveStarted(wave: WaveFacts): Promise<boolean>
  markWaveFinished(wave: WaveFacts): Promise<boolean>
  pause(reason: PauseReason, note: string): Promise<boolean>
  complete(): Promise<boolean>
  finishAbort(): Promise<boolean>
}

export interface ExecuteRolloutOptions {
  readonly rolloutId: number
  readonly epoch: number
  readonly failureMode: FailureMode
  /** How many tenants of one server at once. */
  readonly perServer: number
  readonly store: RolloutStore
  readonly engine: Engine
  readonly clock: Clock
  /** Somebody wants to stop: let tenants in flight finish, then pause. */
  readonly interrupted: AbortSignal
  /** Another driver has taken the lease over. */
  readonly lost: AbortSignal
  /** Something that is nobody's fault but ours: let tenants in flight finish, then throw its reason. */
  readonly broken: AbortSignal
  readonly emit: (event: EventBody) => void
}

/**
 * So many times what may run at once is handed to the engine, so that no slot waits for this loop to look at the catalog.
 * What waits there is not claimed: whether it may start is decided when it does. While something has to be proven there is
 * nothing to hand over, since what the next tenants get is not known.
 */
const READ_AHEAD = 3

/**
 * Drives a rollout until it rests, or until another driver has taken the lease. Reads, decides, does one step, and keeps
 * nothing in memory: safe to call again after a crash, from any process.
 */
export async function executeRollout(options: ExecuteRolloutOptions): Promise<'rested' | 'taken-over'> {
  const { epoch, store, engine, clock, interrupted, lost, broken, emit } = options
  for (;;) {
    const facts = await store.facts()
    if (lost.aborted || facts.epoch !== epoch || broken.aborted) {
      await engine.stop()
      broken.throwIfAborted()
      return 'taken-over'
    }
    // What is given up goes through no wave any more.
    if (facts.state !== 'aborting' && facts.state !== 'aborted') await noteWaves(facts.waves, options)
    const step = nextStep(facts, { failureMode: options.failureMode, interrupted: interrupted.aborted })
    switch (step.kind) {
      case 'migrate': {
        if (engine.held().length === 0 && step.wave.running > 0) await store.releaseLostClaims()
        await offerNext(step, facts, options)
        await engine.settled(interrupted)
        break
      }
      case 'pause':
        if (await store.pause(step.reason, step.note))
          emit({ type: 'rollout.paused', reason: step.reason, note: step.note })
        break
      case 'complete':
        // False when a joiner came in between: the next turn finds it. Not in a hurry, should it be false again.
        if (!(await store.complete())) await clock.sleep(100)
        break
      case 'finish-abort':
        if (!(await store.finishAbort())) await clock.sleep(100)
        break
      case 'wait':
        if (engine.held().length === 0) await store.releaseLostClaims()
        await clock.sleep(200)
        break
      case 'rest':
        if (engine.held().length === 0) {
          if (facts.waves.some((wave) => wave.running > 0)) await store.releaseLostClaims()
          return 'rested'
        }
        // Somebody may resume it while tenants in flight finish: then look again, and go on.
        await engine.settled()
        break
    }
  }
}

async function offerNext(
  { wave, atOnce }: Extract<Step, { kind: 'migrate' }>,
  facts: RolloutFacts,
  { rolloutId, store, engine, perServer }: ExecuteRolloutOptions,
): Promise<void> {
  const ahead = facts.proving.length > 0 ? 1 : READ_AHEAD
  const most = atOnce * ahead - engine.held().length
  const runs =
    most > 0 ? await store.claimable(wave, { most, perServer: perServer * ahead }, engine.held(), facts.proving) : []
  engine.offer(nextTasks(runs, engine.held(), { rolloutId, ...facts }), { atOnce, perServer })
}

/** Tells when waves begin and end; the marks in the catalog make it once, whoever drives. */
async function noteWaves(waves: readonly WaveFacts[], { store, emit }: ExecuteRolloutOptions): Promise<void> {
  const current = waves.find((wave) => wave.pending || wave.running > 0)
  for (const wave of waves) {
    const open = wave.pending || wave.running > 0
    if (wave === current && wave.startedAt === null && (await store.markWaveStarted(wave)))
      emit({ type: 'wave.started', wave: wave.name })
    if (!open && wave.startedAt !== null && wave.finishedAt === null && (await store.markWaveFinished(wave))) {
      emit({ type: 'wave.finished', wave: wave.name, failed: wave.failed })
    }
  }
}
