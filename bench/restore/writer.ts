import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { closeClient, openClient } from '../../src/postgres/connect.ts'

export interface Writer {
  /** Resolves when the first row is committed. */
  readonly begun: Promise<void>
  /** Ends it; answers with how long each transaction took, in milliseconds, and when it ended. */
  stop(): Promise<readonly { readonly ms: number; readonly at: number }[]>
}

/** Inserts rows one by one, each its own transaction, and connects anew when it is thrown out. */
export function startWriter(to: ConnectionDescriptor, from: number): Writer {
  const done: { readonly ms: number; readonly at: number }[] = []
  let [isStopped, id] = [false, from]
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  const write = async () => {
    // What a client waits for while it is shut out counts: from the first try to the COMMIT.
    let start = performance.now()
    while (!isStopped) {
      const client = await openClient(to, { applicationName: 'application' }).catch(() => undefined)
      if (client === undefined) continue
      client.on('error', () => {})
      try {
        while (!isStopped) {
          id += 1
          await client.query('insert into items values ($1, $2)', [id, 'written'])
          const at = performance.now()
          done.push({ ms: at - start, at })
          start = at
          resolve()
        }
      } catch {
        // Thrown out: in again.
      } finally {
        await closeClient(client).catch(() => {})
      }
    }
  }
  const written = write()
  return {
    begun,
    stop: async () => {
      isStopped = true
      await written
      return done
    },
  }
}
