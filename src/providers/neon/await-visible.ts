import type { Clock } from '../../lib/clock.ts'

const POLL_MS = 1_000

/**
 * Looks for something that may have been made a moment ago until it is seen, or would have been.
 * @param patience how long, in milliseconds
 * @returns undefined: it is not there
 */
export async function awaitVisible<T>(
  find: () => Promise<T | undefined>,
  { clock, patience }: { readonly clock: Clock; readonly patience: number },
): Promise<T | undefined> {
  const until = clock.now().getTime() + patience
  for (;;) {
    const found = await find()
    if (found !== undefined || clock.now().getTime() >= until) return found
    await clock.sleep(POLL_MS)
  }
}
