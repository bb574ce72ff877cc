import type { CatalogDb } from '../catalog/catalog-schema.ts'
import { renewLease, returnLease, takeLease } from '../catalog/leases.ts'
import type { Clock } from '../lib/clock.ts'
import { type DriverIdentity, describeProcess, thisProcess } from '../lib/process-identity.ts'
import { FleetError } from '../model/errors.ts'

const HEARTBEAT_MS = 5_000
const LOOK_AGAIN_MS = 500

/** A rollout is driven by who holds this. */
export interface Lease {
  readonly epoch: number
  /** Who held it before and did not give it back. */
  readonly from: DriverIdentity | null
  /** Tenants whose runs that one left, now pending. */
  readonly orphans: readonly string[]
  /** Aborts when another driver has taken it over: write nothing any more. */
  readonly lost: AbortSignal
  /** Stops the heartbeat and gives it back, if it is still ours. */
  end(): Promise<void>
}

export interface LeaseOptions {
  readonly db: CatalogDb
  readonly rolloutId: number
  readonly clock: Clock
  /** Wait for a driver that may be dead, until its lease lapses; otherwise a held lease is refused at once. */
  readonly wait: boolean
  readonly signal: AbortSignal
  readonly onWaiting: (reason: string) => void
}

/**
 * Takes the lease of a rollout and keeps it by a heartbeat every 5 s.
 * @throws FleetError ROLLOUT_DRIVEN when a living driver holds it
 */
export async function holdLease({ db, rolloutId, clock, wait, signal, onWaiting }: LeaseOptions): Promise<Lease> {
  const me = thisProcess()
  let heldBy: string | undefined
  for (;;) {
    const answer = await takeLease(db, rolloutId, me)
    if (answer.kind === 'taken') return keep(answer)
    const holder = describeProcess(answer.by)
    // One that lapses while we look is dead; one that was renewed meanwhile is alive.
    // While it is paused or given up, its driver only waits for tenants in flight, and then goes.
    const goes = answer.state !== 'running'
    const renewed = !goes && heldBy !== undefined && answer.lapsesInMs > HEARTBEAT_MS * 3
    if (!wait || renewed || signal.aborted) {
      throw new FleetError('ROLLOUT_DRIVEN', `Rollout r${rolloutId} is driven by ${holder}.`)
    }
    if (heldBy === undefined)
      onWaiting(
        goes
          ? `Waiting for ${holder} to let tenants in flight finish.`
          : `Waiting up to ${Math.ceil(answer.lapsesInMs / 1000)} s to see whether ${holder} still drives it.`,
      )
    heldBy = holder
    await clock.sleep(goes ? LOOK_AGAIN_MS : Math.min(answer.lapsesInMs + 100, HEARTBEAT_MS + 1_000), signal)
  }

  function keep({ epoch, from, orphans }: Pick<Lease, 'epoch' | 'from' | 'orphans'>): Lease {
    const lost = new AbortController()
    // A catalog that does not answer is not a lost lease: the epoch in every write decides.
    const beat = () =>
      renewLease(db, rolloutId, epoch)
        .then((ours) => ours || lost.abort())
        .catch(() => {})
    const stop = clock.every(HEARTBEAT_MS, () => void beat())
    return {
      epoch,
      from,
      orphans,
      lost: lost.signal,
      end: async () => {
        stop()
        await returnLease(db, rolloutId, epoch)
      },
    }
  }
}
