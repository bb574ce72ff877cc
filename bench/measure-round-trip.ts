import type { ConnectionDescriptor } from '../src/model/connection.ts'
import { withClient } from '../src/postgres/connect.ts'
import { type Sample, summarize, time } from './statistics.ts'

const TIMES = 40

/** Returns how long the smallest query takes over a connection that is open, in milliseconds. */
export async function measureRoundTrip(to: ConnectionDescriptor): Promise<Sample> {
  return withClient(to, { applicationName: 'fleet/bench' }, async (client) => {
    const all: number[] = []
    for (let done = 0; done < TIMES; done += 1) all.push(await time(() => client.query('select 1')))
    return summarize(all)
  })
}
