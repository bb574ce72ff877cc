import type { FailureMode } from '../model/rollout.ts'
import type { RolloutFacts, UnfitServer, WaveFacts } from '../model/rollout-facts.ts'
import type { PauseReason } from '../model/rollout-state.ts'

export type Step =
  | { readonly kind: 'migrate'; readonly wave: WaveFacts; readonly atOnce: number }
  | { readonly kind: 'pause'; readonly reason: PauseReason; readonly note: string }
  | { readonly kind: 'complete' | 'finish-abort' | 'wait' | 'rest' }

/** Decides what a rollout does next from recorded facts alone, so that any process can go on after a crash. */
export function nextStep(
  { state, waves, unfit }: Pick<RolloutFacts, 'state' | 'waves' | 'unfit'>,
  { failureMode, interrupted }: { failureMode: FailureMode; interrupted: boolean },
): Step {
  if (state === 'aborting') return { kind: waves.some((wave) => wave.running > 0) ? 'wait' : 'finish-abort' }
  if (state !== 'running') return { kind: 'rest' }
  // Also of a wave that has no tenant left: its last one may have been the one too many.
  const exceeded = waves.find((wave) => wave.failed > wave.maxFailures)
  if (exceeded) return { kind: 'pause', reason: 'failure-budget', note: describeBudget(exceeded) }
  const wave = waves.find((it) => it.pending || it.running > 0)
  if (wave === undefined) return { kind: 'complete' }
  if (interrupted) return { kind: 'pause', reason: 'interrupted', note: 'The driver was told to stop.' }
  if (wave.pending && !wave.open && wave.running === 0) {
    return { kind: 'pause', reason: 'server-unfit', note: describeUnfit(wave, unfit) }
  }
  return { kind: 'migrate', wave, atOnce: atOnce(wave, failureMode) }
}

/** While strict: even if all that is in flight failed, the budget would be exceeded by one at most. */
export function atOnce(
  { concurrency, maxFailures, failed }: Pick<WaveFacts, 'concurrency' | 'maxFailures' | 'failed'>,
  mode: FailureMode,
): number {
  return mode === 'strict' ? Math.min(concurrency, maxFailures - failed + 1) : concurrency
}

function describeUnfit({ name }: WaveFacts, unfit: readonly UnfitServer[]): string {
  const servers = unfit.map(({ server }) => server).join(', ')
  return `What is left of wave ${name} waits for ${servers}: ${unfit[0]?.message ?? ''}`
}

function describeBudget({ name, failed, maxFailures }: WaveFacts): string {
  return `${failed} failure${failed === 1 ? '' : 's'} in wave ${name}, ${maxFailures} allowed.`
}
