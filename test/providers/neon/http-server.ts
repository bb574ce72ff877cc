import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** A request as the server got it. */
export interface Got {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

export interface Answer {
  readonly status?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Answers a request; undefined: `response` is dealt with, or left without an answer. */
export type Answerer = (got: Got, response: ServerResponse) => Answer | undefined | Promise<Answer | undefined>

/** Starts an HTTP server on loopback for one test, and returns what it got. Texts are sent as HTML, all else as JSON. */
export async function startHttpServer(answer: Answerer): Promise<{ baseUrl: string; got: Got[] }> {
  const got: Got[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const url = new URL(request.url ?? '', 'http://127.0.0.1')
    const it = { method: request.method ?? '', url, headers: request.headers, body: body && JSON.parse(body) }
    got.push(it)
    const reply = await answer(it, response)
    if (reply === undefined) return
    const isPage = typeof reply.body === 'string'
    response.writeHead(reply.status ?? 200, {
      'content-type': isPage ? 'text/html' : 'application/json',
      ...reply.headers,
    })
    response.end(isPage ? reply.body : reply.body === undefined ? undefined : JSON.stringify(reply.body))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v2`, got }
}
