import { systemClock } from '../lib/clock.ts'
import type { Face } from './face.ts'
import { formatDuration } from './renderers/format-values.ts'

/** Does a step of a longer work and tells it when it is done. */
export type StepTeller = <T>(text: string, work: () => Promise<T>, detail: (result: T) => string) => Promise<T>

/** Makes what tells each step with how long it took and a detail of its result. */
export function stepTeller(face: Face): StepTeller {
  return async (text, work, detail) => {
    const before = systemClock.now().getTime()
    const result = await work()
    const took = formatDuration(systemClock.now().getTime() - before)
    const { style } = face.page()
    face.print(`${style('green', ' ✓ ')}${text.padEnd(46)}${took.padStart(7)}\n     ${style('dim', detail(result))}`)
    return result
  }
}
