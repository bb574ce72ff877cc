import { markdownTable } from './markdown-table.ts'
import type { RecordingTimes } from './recording/measure-recording.ts'

/** Writes what plans took that record, compile and trace, and what they take once that is known. */
export function showRecording(all: readonly RecordingTimes[]): string {
  return markdownTable(
    ['migrations', 'recording and compiling alone', 'first plan', 'target', 'again', 'again, in a new process'],
    all.map((it) => [
      it.migrations.toString(),
      seconds(it.recordMs),
      seconds(it.firstPlanMs),
      it.migrations === 50 ? '< 15 s' : '',
      seconds(it.samePlanMs),
      seconds(it.laterPlanMs),
    ]),
  )
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
