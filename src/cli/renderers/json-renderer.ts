import type { RolloutEvent } from '../../model/events.ts'
import type { Face } from '../face.ts'
import type { RolloutRenderer } from './renderer.ts'

/** Writes one event per line; the last one is always `rollout.finished`. */
export function jsonRenderer(face: Face): RolloutRenderer {
  let last: RolloutEvent['type'] | undefined
  return {
    event: (event) => {
      last = event.type
      face.print(JSON.stringify(event))
    },
    notice: (text) => face.note(text),
    rest: (status) => {
      if (last === 'rollout.finished') return
      const counts = { succeeded: 0, failed: 0, skipped: 0, pending: 0 }
      for (const wave of status?.waves ?? []) {
        counts.succeeded += wave.counts.succeeded
        counts.failed += wave.counts.failed
        counts.skipped += wave.counts.skipped
        counts.pending += wave.counts.pending + wave.counts.running
      }
      face.print(
        JSON.stringify({
          type: 'rollout.finished',
          rolloutId: status?.id ?? null,
          state: status?.state ?? 'completed',
          outcome: status === undefined ? 'succeeded' : status.outcome,
          pauseReason: status?.pauseReason ?? null,
          ...counts,
          failures: status?.failures ?? [],
        }),
      )
    },
    close: () => {},
  }
}
