import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** Stands between a process and the API. */
export interface DeadlyProxy {
  readonly baseUrl: string
  /** The next call that is this, by method and path, is the last that its process makes: the answer comes, and is not passed on. */
  next(call: RegExp, kill: () => void): void
}

/** Starts a proxy that passes calls on, and kills who made the one that a test has named when it was done. */
export async function startDeadlyProxy(target: string): Promise<DeadlyProxy> {
  const { origin, pathname } = new URL(target)
  let armed: { readonly call: RegExp; readonly kill: () => void } | undefined
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming
    const passed = request(origin + url, { method, headers }, (answer) => {
      if (armed?.call.test(`${method} ${url}`)) {
        const { kill } = armed
        armed = undefined
        kill()
        outgoing.destroy()
        answer.resume()
        return
      }
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    passed.on('error', () => outgoing.destroy())
    incoming.pipe(passed)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    next(call, kill) {
      armed = { call, kill }
    },
  }
}
