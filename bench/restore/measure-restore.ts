import { type Sample, summarize, time } from '../statistics.ts'
import type { BenchFleet } from './with-bench-fleet.ts'
import { startWriter } from './writer.ts'

/** Returns a tenant to a restore point again and again, while applications write to it. */
export async function measureRestore(
  { fleet, applicationOf }: BenchFleet,
  tenant: string,
  { rounds, writers }: { readonly rounds: number; readonly writers: number },
): Promise<{ readonly whole: Sample; readonly closed: Sample }> {
  const application = await applicationOf(tenant)
  const [whole, closed]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    const point = await fleet.restorePoints.create(tenant)
    const writing = Array.from({ length: writers }, (_, index) => startWriter(application, 1_000_000_000 * (index + 1)))
    await Promise.all(writing.map((it) => it.begun))
    whole.push(
      await time(async () => {
        const { closedFor } = await fleet.restore(tenant, { to: point.id, acceptDataLoss: true })
        closed.push(closedFor ?? Number.NaN)
      }),
    )
    await Promise.all(writing.map((it) => it.stop()))
  }
  return { whole: summarize(whole), closed: summarize(closed) }
}
