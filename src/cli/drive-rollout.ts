import type { DriveResult, Fleet } from '../fleet/fleet.ts'
import type { ExitCode } from '../model/error-meaning.ts'
import type { FleetEvent, RolloutEvent } from '../model/events.ts'
import { exitCodeOfDrive } from './exit-codes.ts'
import type { Face } from './face.ts'
import { endWithin, onInterrupt } from './interrupt.ts'
import { githubRenderer } from './renderers/github-renderer.ts'
import { jsonRenderer } from './renderers/json-renderer.ts'
import { plainRenderer } from './renderers/plain-renderer.ts'
import type { RolloutRenderer } from './renderers/renderer.ts'
import { type RolloutView, reduceView } from './renderers/rollout-view.ts'
import { ttyRenderer } from './renderers/tty-renderer.ts'

/**
 * Drives a rollout with `drive`, shows it while it runs and where it ended, and returns the exit code.
 * A first Ctrl-C or SIGTERM lets what is in flight finish and pauses the rollout; a second one ends at once.
 */
export async function driveRollout(
  fleet: Fleet,
  face: Face,
  { initial, drive }: { initial: RolloutView; drive: (signal: AbortSignal) => Promise<DriveResult> },
): Promise<ExitCode> {
  const renderer = rendererFor(face, initial)
  let view = initial
  const stopEvents = fleet.on((event) => {
    if (!isRolloutEvent(event)) return
    view = reduceView(view, event)
    renderer.event(event)
  })
  const interrupted = new AbortController()
  const stopInterrupts = onInterrupt(() => {
    if (interrupted.signal.aborted) {
      renderer.close()
      face.note('Stopped at once. Go on with: fleet rollout resume')
      void endWithin(fleet.terminate())
      return
    }
    interrupted.abort()
    const inFlight = view.waves.reduce((sum, wave) => sum + wave.running, 0)
    renderer.notice(`Finishing ${inFlight} in flight, then pausing. Again: stop at once.`)
  })
  try {
    const result = await drive(interrupted.signal)
    renderer.rest(result.kind === 'nothing-to-do' ? undefined : result.status)
    if (result.kind === 'taken-over') {
      face.note(
        `Another process has taken rollout ${result.status.id} over: ${result.status.driver?.name ?? 'unknown'}.`,
      )
    }
    return exitCodeOfDrive(result)
  } finally {
    stopInterrupts()
    stopEvents()
    renderer.close()
  }
}

function rendererFor(face: Face, initial: RolloutView): RolloutRenderer {
  if (face.options.output === 'json') return jsonRenderer(face)
  if (face.options.output === 'github') return githubRenderer(face, initial)
  return face.live ? ttyRenderer(face, initial) : plainRenderer(face, initial)
}

function isRolloutEvent(event: FleetEvent): event is RolloutEvent {
  return 'rolloutId' in event
}
