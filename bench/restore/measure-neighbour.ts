import { setTimeout } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { BenchFleet } from './with-bench-fleet.ts'
import { startWriter } from './writer.ts'

/** What a client saw of a server. */
export interface Seen {
  /** Transactions per second. */
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly longest: number
}

const ALONE_MS = 10_000
/** As many copies at once as a rollout makes on one server. */
const AT_ONCE = 4

/** Writes to one tenant without a pause, first alone, then while all others get restore points. */
export async function measureNeighbour(
  { fleet, applicationOf, tenantWith }: BenchFleet,
  tenants: number,
): Promise<{ readonly alone: Seen; readonly beside: Seen; readonly share: number; readonly points: number }> {
  const neighbour = await tenantWith('neighbour', 1_000)
  const ids = Array.from({ length: tenants }, (_, index) => `other-${index + 1}`)
  for await (const _ of fleet.tenants.create(ids.map((id) => ({ id }))));
  const writer = startWriter(await applicationOf(neighbour), 1_000_000_000)
  await writer.begun
  const start = performance.now()
  await setTimeout(ALONE_MS)
  const middle = performance.now()
  const limit = pLimit(AT_ONCE)
  await limit.map(ids, (id) => fleet.restorePoints.create(id))
  const end = performance.now()
  const all = await writer.stop()
  const [alone, beside] = [seen(all, start, middle), seen(all, middle, end)]
  return { alone, beside, share: beside.rate / alone.rate, points: tenants / ((end - middle) / 1_000) }
}

function seen(all: readonly { readonly ms: number; readonly at: number }[], from: number, to: number): Seen {
  const sorted = all
    .filter(({ at }) => at >= from && at < to)
    .map(({ ms }) => ms)
    .toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
  return { rate: sorted.length / ((to - from) / 1_000), p50: at(0.5), p99: at(0.99), longest: at(1) }
}
