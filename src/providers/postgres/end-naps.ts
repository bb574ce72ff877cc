import { systemClock } from '../../lib/clock.ts'
import type { ClientBase } from '../../postgres/connect.ts'

const CHANNEL = 'fleet_awake'
/** Grows, and comes to more than a nap in all: whoever is late is woken by then, or has woken by itself. */
const PAUSES_MS = [1, 2, 4, 8, 16, 32, 64]

/** Lets a connection be woken by `endNaps` from now on. */
export async function letBeWoken(client: ClientBase): Promise<void> {
  await client.query(`listen ${CHANNEL}`)
}

/** Takes `letBeWoken` back; fine on a connection that is broken. */
export async function letSleep(client: ClientBase): Promise<void> {
  await client.query(`unlisten ${CHANNEL}`).catch(() => {})
}

/**
 * Has a command look at once whether others have left a database: CREATE and ALTER DATABASE look, sleep for 100 ms, and look again
 * (`CountOtherDBBackends` in PostgreSQL's procarray.c). A signal ends that sleep, and NOTIFY sends one to each session that listens in
 * the same database as who notifies. Where that is not so any more it takes as long as without.
 * @param client another connection to the database of the one that was let to be woken
 * @param isOver aborted when the command has ended
 */
export async function endNaps(client: ClientBase, isOver: AbortSignal): Promise<void> {
  for (const pause of PAUSES_MS) {
    if (isOver.aborted) return
    await client.query(`notify ${CHANNEL}`)
    await systemClock.sleep(pause, isOver)
  }
}
