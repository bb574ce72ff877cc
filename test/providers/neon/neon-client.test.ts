import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/lib/clock.ts'
import { Secret } from '../../../src/model/secret.ts'
import type { NeonApi } from '../../../src/providers/neon/neon-api.ts'
import { NeonApiError } from '../../../src/providers/neon/neon-api-error.ts'
import { createNeonClient } from '../../../src/providers/neon/neon-client.ts'
import type { Answerer } from './http-server.ts'
import { startHttpServer } from './http-server.ts'

const KEY = 'napi_a-key-that-nobody-may-see'

function clientOf(baseUrl: string, timeouts = { usual: 20_000, long: 20_000 }): NeonApi {
  return createNeonClient({
    apiKey: new Secret(KEY),
    baseUrl,
    clock: systemClock,
    send: (_, attempt) => attempt(),
    timeouts,
  })
}

async function errorOf(promise: Promise<unknown>): Promise<NeonApiError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(NeonApiError)
  return error as NeonApiError
}

/** Everything in which an error could show what it carries. */
function shownOf(error: Error): string {
  return [
    inspect(error, { depth: null, showHidden: true, getters: true }),
    JSON.stringify(error),
    JSON.stringify(Object.getOwnPropertyDescriptors(error)),
    error.stack,
    String(error),
    inspect(error.cause, { depth: null, showHidden: true }),
  ].join('\n')
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

const HTML = `<!DOCTYPE html><title>A timeout occurred</title><p>Bearer ${KEY}`

describe('an error never carries the key', () => {
  const cases: [string, Answerer, Partial<NeonApiError>][] = [
    [
      'a 401',
      () => ({ status: 401, body: { code: '', message: `supplied ${KEY} is not valid`, request_id: 'r-1' } }),
      { kind: 'unauthorized', status: 401, requestId: 'r-1', answer: 'supplied *** is not valid' },
    ],
    [
      'a 500',
      (got) => ({ status: 500, body: { code: KEY, message: 'oops', echoed: got.headers } }),
      { kind: 'lost', status: 500, code: '***' },
    ],
    ['a page with status 524', () => ({ status: 524, body: HTML }), { kind: 'lost', status: 524, answer: null }],
    ['a page with status 200', () => ({ status: 200, body: HTML }), { kind: 'lost', status: 200, answer: null }],
    ['a page with status 404', () => ({ status: 404, body: HTML }), { kind: 'unknown', status: 404, answer: null }],
    [
      'a redirect',
      () => ({ status: 302, headers: { location: 'https://127.0.0.1:1/' } }),
      { kind: 'unknown', status: 302 },
    ],
    ['an answer without what it must have', () => ({ body: { projekt: KEY } }), { kind: 'lost', status: 200 }],
    ['an answer of null', () => ({ body: null }), { kind: 'lost', status: 200 }],
    [
      'a connection that is cut',
      (_, response) => void response.destroy(),
      { kind: 'lost', status: null, code: 'ECONNRESET' },
    ],
  ]
  test.each(cases)('%s', async (_, answer, expected) => {
    const { baseUrl, got } = await startHttpServer(answer)
    const error = await errorOf(clientOf(baseUrl).getProject('a-project'))
    expect(got[0]?.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(error).toMatchObject({ route: 'GET /projects/{project_id}', projectId: 'a-project', ...expected })
    expect(shownOf(error)).not.toContain(KEY)
    expect(shownOf(error)).not.toContain('DOCTYPE')
    expect(error.message).toContain(error.requestId)
  })

  test('nobody listens', async () => {
    const error = await errorOf(clientOf(`http://127.0.0.1:${await freePort()}/api/v2`).getProject('a'))
    expect(error).toMatchObject({ kind: 'unavailable', status: null, code: 'ECONNREFUSED' })
    expect(shownOf(error)).not.toContain(KEY)
  })

  test.each([
    ['no answer within the time', () => undefined],
    [
      'an answer that does not end within the time',
      (_, response) => {
        response.writeHead(200).write('{')
        return undefined
      },
    ],
  ] satisfies [string, Answerer][])('%s', async (_, answer) => {
    const { baseUrl } = await startHttpServer(answer)
    const error = await errorOf(clientOf(baseUrl, { usual: 50, long: 50 }).getProject('a'))
    expect(error).toMatchObject({ kind: 'lost', status: null, code: 'ETIMEDOUT' })
    expect(shownOf(error)).not.toContain(KEY)
  })

  test('nor does the client itself', () => {
    expect(inspect(clientOf('http://127.0.0.1:1'), { depth: null, showHidden: true })).not.toContain(KEY)
  })
})

test('nothing but the adapter imports the client', () => {
  const src = join(import.meta.dirname, '../../../src')
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const importing = files.filter((file) => /from '(@neondatabase|axios)/.test(readFileSync(join(src, file), 'utf8')))
  expect(importing).toEqual([join('providers', 'neon', 'neon-client.ts')])
})
