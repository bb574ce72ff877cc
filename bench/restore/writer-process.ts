import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { Secret } from '../../src/model/secret.ts'
import { startWriter } from './writer.ts'

// A client in a process of its own, started by startNeighbour: whoever makes restore points takes none of its time.

/** How to connect; the password in clear, which a `Secret` would not tell. */
export interface WriterRequest extends Omit<ConnectionDescriptor, 'password'> {
  readonly password: string
  /** Of the rows that it writes. */
  readonly firstId: number
}

process.once('message', ({ password, firstId, ...to }: WriterRequest) => {
  const writer = startWriter({ ...to, password: new Secret(password) }, firstId)
  void writer.begun.then(() => process.send?.('begun'))
  process.once('message', async () => {
    const written = await writer.stop()
    // Times of one process mean nothing to another.
    const answer = written.map(({ ms, at }) => ({ ms, at: performance.timeOrigin + at }))
    process.send?.(answer, () => process.disconnect())
  })
})
