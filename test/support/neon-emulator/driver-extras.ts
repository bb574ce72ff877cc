import { once } from 'node:events'
import { connect } from 'node:net'
import type { Client } from '../../../src/postgres/connect.ts'
import type { ComputeProxy } from './data-plane.ts'
import { writeCancelRequest } from './startup-message.ts'

/** The sides of COPY that node-postgres has no methods for; see its `Submittable`. */
export function copyOf(text: string, rows: string) {
  let out = ''
  let resolve: (out: string) => void
  let reject: (error: Error) => void
  const done = new Promise<string>((yes, no) => {
    resolve = yes
    reject = no
  })
  return {
    done,
    submit: (connection: { query(text: string): void }) => connection.query(text),
    handleCopyInResponse(connection: { sendCopyFromChunk(chunk: Buffer): void; endCopyFrom(): void }) {
      connection.sendCopyFromChunk(Buffer.from(rows))
      connection.endCopyFrom()
    },
    handleCopyData(message: { chunk: Buffer }) {
      out += message.chunk.toString()
    },
    handleCommandComplete: () => {},
    handleReadyForQuery: () => resolve(out),
    handleError: (error: Error) => reject(error),
  }
}

/** Sends the cancel request of a client, on a connection of its own, and waits until it has been passed on. */
export async function cancel(client: Client, proxy: ComputeProxy): Promise<void> {
  const key = Buffer.alloc(8)
  key.writeInt32BE(Reflect.get(client, 'processID') as number, 0)
  key.writeInt32BE(Reflect.get(client, 'secretKey') as number, 4)
  const socket = connect({ host: '127.0.0.1', port: proxy.port })
  socket.end(writeCancelRequest(key)).resume()
  await once(socket, 'close')
}
