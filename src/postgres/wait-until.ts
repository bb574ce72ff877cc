import { systemClock } from '../lib/clock.ts'
import type { ClientBase } from './connect.ts'

const LONGEST_PAUSE_MS = 20

/**
 * Asks a question again and again, soon at first and then every 20 ms, until the answer is yes.
 * @param question a query with one boolean column, `yes`
 * @param patience how long, in milliseconds
 * @returns whether it was yes in time
 */
export async function waitUntil(
  client: ClientBase,
  question: { readonly text: string; readonly values: unknown[] },
  patience: number,
): Promise<boolean> {
  const until = systemClock.now().getTime() + patience
  for (let pause = 1; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const { rows } = await client.query<{ yes: boolean }>(question)
    if (rows[0]?.yes === true) return true
    if (systemClock.now().getTime() >= until) return false
    await systemClock.sleep(pause)
  }
}
