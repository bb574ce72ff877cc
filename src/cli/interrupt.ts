import { systemClock } from '../lib/clock.ts'
import { EXIT } from '../model/error-meaning.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** How long the last clean-up may take before the process ends anyway, in milliseconds. */
const PATIENCE = 2_000

/** Calls `listener` at each Ctrl-C, SIGTERM or closed terminal, the latest one only, until the returned function is called. */
export function onInterrupt(listener: () => void): () => void {
  listeners.push(listener)
  if (listeners.length === 1) for (const signal of SIGNALS) process.on(signal, dispatch)
  return () => {
    listeners.splice(listeners.indexOf(listener), 1)
    if (listeners.length === 0) for (const signal of SIGNALS) process.off(signal, dispatch)
  }
}

const listeners: (() => void)[] = []

function dispatch(): void {
  listeners.at(-1)?.()
}

/** Waits for a last piece of work, but not for long, and ends the process as interrupted. */
export async function endWithin(work: Promise<unknown>): Promise<never> {
  await Promise.race([work.catch(() => {}), systemClock.sleep(PATIENCE)])
  process.exit(EXIT.interrupted)
}
