import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'

interface Cut {
  /** The first message that holds this text is the last one that gets through. */
  readonly after: string
  /** Called when it was passed on; the client is cut off when the result resolves. */
  readonly passed?: () => Promise<void>
  /** Whether the server's side stays open, as with a host that vanished. */
  readonly keepServerSide?: boolean
}

/** Returns a way to a database through a proxy that cuts one connection, once. */
export async function cuttingProxy(to: ConnectionDescriptor, cut: Cut): Promise<ConnectionDescriptor> {
  let armed = true
  const sockets: Socket[] = []
  const proxy = createServer((client) => {
    const server = connect(to.port, to.host)
    sockets.push(client, server)
    for (const socket of [client, server]) socket.on('error', () => {})
    server.on('data', (data) => void client.write(data))
    server.on('close', () => client.destroy())
    client.on('data', (data) => {
      const hit = armed && data.includes(cut.after)
      if (hit) armed = false
      server.write(data, () => {
        if (!hit) return
        void (cut.passed?.() ?? Promise.resolve()).then(() => {
          client.destroy()
          if (!cut.keepServerSide) server.destroy()
        })
      })
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => proxy.close(resolve))
  })
  const address = proxy.address()
  return { ...to, host: '127.0.0.1', port: typeof address === 'object' && address ? address.port : 0 }
}
