import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import pLimit from 'p-limit'
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

const ALONE_MS = 10_000
/** As many tenants at once as a rollout has in hand by default on one server; how many of them are copied at once, the provider decides. */
const AT_ONCE = 8

/** Writes to one tenant without a pause, first alone, then while all others get restore points. */
export async function measureNeighbour(
  { fleet, applicationOf, tenantWith }: BenchFleet,
  tenants: number,
): Promise<{ readonly alone: Seen; readonly beside: Seen; readonly share: number; readonly points: number }> {
  const neighbour = await tenantWith('neighbour', 1_000)
  const ids = Array.from({ length: tenants }, (_, index) => `other-${index + 1}`)
  for await (const _ of fleet.tenants.create(ids.map((id) => ({ id }))));
  const stop = await startNeighbour(await applicationOf(neighbour))
  const start = Date.now()
  await setTimeout(ALONE_MS)
  const middle = Date.now()
  const limit = pLimit(AT_ONCE)
  await limit.map(ids, (id) => fleet.restorePoints.create(id))
  const end = Date.now()
  const all = await stop()
  const [alone, beside] = [seen(all, start, middle), seen(all, middle, end)]
  return { alone, beside, share: beside.rate / alone.rate, points: tenants / ((end - middle) / 1_000) }
}

/** Starts a client; answers with how to end it. */
async function startNeighbour(to: ConnectionDescriptor): Promise<() => Promise<Written>> {
  const child = fork(new URL('./writer-process.ts', import.meta.url), { serialization: 'advanced' })
  const { password, ...address } = to
  child.send({ ...address, password: password?.reveal() ?? '' } satisfies WriterRequest)
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
