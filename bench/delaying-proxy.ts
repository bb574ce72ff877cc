import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Where the proxy passes connections on to, and how late. */
export interface ToProxy {
  readonly host: string
  readonly port: number
  /** Each way, in milliseconds: half a round trip. */
  readonly delay: number
}

/** The port on 127.0.0.1 at which it listens. */
export interface FromProxy {
  readonly port: number
}

/**
 * A process that stands for a distant network: whatever goes through it arrives later, in order, at any rate. A process
 * of its own, so that whoever is measured does not wait for it, nor it for them. It ends with its parent.
 */
process.once('message', (message) => void listen(message as ToProxy))
process.once('disconnect', () => process.exit())

async function listen({ host, port, delay }: ToProxy): Promise<void> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ host, port, allowHalfOpen: true, noDelay: true })
    forward(near, far, delay)
    forward(far, near, delay)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const listening: FromProxy = { port: (server.address() as AddressInfo).port }
  process.send?.(listening)
}

/** Timers have whole milliseconds: what is due within half of one goes at once, so that errors cancel out. */
const TOLERANCE = 0.5

function forward(from: Socket, to: Socket, delay: number): void {
  /** Without bytes: the end. */
  const waiting: { readonly due: number; readonly bytes: Buffer | undefined }[] = []

  function put(bytes: Buffer | undefined): void {
    waiting.push({ due: performance.now() + delay, bytes })
    if (waiting.length === 1) setTimeout(release, delay)
  }

  function release(): void {
    const now = performance.now()
    const later = waiting.findIndex(({ due }) => due > now + TOLERANCE)
    for (const { bytes } of waiting.splice(0, later < 0 ? waiting.length : later)) {
      if (bytes === undefined) to.end()
      else to.write(bytes)
    }
    const [next] = waiting
    if (next !== undefined) setTimeout(release, next.due - now)
  }

  from.on('data', put)
  from.on('end', () => put(undefined))
  // A connection that breaks on one side breaks on the other.
  from.on('error', () => to.destroy())
}
