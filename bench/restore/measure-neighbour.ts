import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { Fleet } from '../../src/fleet/fleet.ts'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import type { BenchFleet } from './with-bench-fleet.ts'
import type { WriterRequest } from './writer-process.ts'

/** What a client saw of a server. */
export interface Seen {
  /** Transactions per second. */
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly longest: number
}

/** What a neighbour saw while so many tenants were copied at once. */
export interface Neighbourhood {
  readonly copiesAtOnce: number
  readonly alone: Seen
  readonly beside: Seen
  readonly share: number
  /** Restore points per second. */
  readonly points: number
}

const ALONE_MS = 10_000
/** As many tenants at once as a rollout has in hand by default on one server. */
const AT_ONCE = 8
const COPIES_AT_ONCE = [1, 2, 4]

/** Writes to one tenant without a pause, first alone, then while all others get restore points; for each number of copies at once. */
export async function measureNeighbour(bench: BenchFleet, tenants: number): Promise<readonly Neighbourhood[]> {
  const neighbour = await bench.applicationOf(await bench.tenantWith('neighbour', 1_000))
  const ids = Array.from({ length: tenants }, (_, index) => `other-${index + 1}`)
  for await (const _ of bench.fleet.tenants.create(ids.map((id) => ({ id }))));
  const seen: Neighbourhood[] = []
  for (const copiesAtOnce of COPIES_AT_ONCE) {
    const fleet = await bench.openCopying(copiesAtOnce)
    try {
      const stop = await startNeighbour(neighbour, copiesAtOnce * 1_000_000_000)
      seen.push({ copiesAtOnce, ...(await measureBeside(stop, () => createAll(fleet, ids), tenants)) })
    } finally {
      await fleet.close()
    }
  }
  return seen
}

async function createAll(fleet: Fleet, ids: readonly string[]): Promise<void> {
  await pLimit(AT_ONCE).map(ids, (id) => fleet.restorePoints.create(id))
}

async function measureBeside(
  stop: () => Promise<Written>,
  work: () => Promise<void>,
  tenants: number,
): Promise<Omit<Neighbourhood, 'copiesAtOnce'>> {
  const start = Date.now()
  await setTimeout(ALONE_MS)
  const middle = Date.now()
  await work()
  const end = Date.now()
  const all = await stop()
  const [alone, beside] = [seen(all, start, middle), seen(all, middle, end)]
  return { alone, beside, share: beside.rate / alone.rate, points: tenants / ((end - middle) / 1_000) }
}

/** Starts a client; answers with how to end it. */
async function startNeighbour(to: ConnectionDescriptor, firstId: number): Promise<() => Promise<Written>> {
  const child = fork(new URL('./writer-process.ts', import.meta.url), { serialization: 'advanced' })
  const { password, ...address } = to
  child.send({ ...address, password: password?.reveal() ?? '', firstId } satisfies WriterRequest)
  await once(child, 'message')
  return async () => {
    child.send('stop')
    const [written] = await once(child, 'message')
    return written
  }
}

type Written = readonly { readonly ms: number; readonly at: number }[]

function seen(all: Written, from: number, to: number): Seen {
  const sorted = all
    .filter(({ at }) => at >= from && at < to)
    .map(({ ms }) => ms)
    .toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
  return { rate: sorted.length / ((to - from) / 1_000), p50: at(0.5), p99: at(0.99), longest: at(1) }
}
