import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { ConnectionDescriptor } from '../src/model/connection.ts'
import type { FromProxy, ToProxy } from './delaying-proxy.ts'

/** Lends a way to the same server whose round trips take so many milliseconds longer; 0: the way itself. */
export async function withDelay<T>(
  to: ConnectionDescriptor,
  roundTrip: number,
  use: (delayed: ConnectionDescriptor) => Promise<T>,
): Promise<T> {
  if (roundTrip === 0) return use(to)
  const proxy = fork(new URL('./delaying-proxy.ts', import.meta.url))
  try {
    const order: ToProxy = { host: to.host, port: to.port, delay: roundTrip / 2 }
    proxy.send(order)
    const [listening] = await Promise.race([once(proxy, 'message'), once(proxy, 'exit').then(refuse)])
    return await use({ ...to, host: '127.0.0.1', port: (listening as FromProxy).port })
  } finally {
    if (proxy.connected) proxy.disconnect()
  }
}

function refuse(): never {
  throw new Error('The proxy ended before it listened.')
}
