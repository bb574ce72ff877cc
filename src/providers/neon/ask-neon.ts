import { randomUUID } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import type { Secret } from '../../model/secret.ts'
import type { NeonCall, SendNeonCall } from './neon-call.ts'
import { errorOfReply, type Reply, rebuildError } from './rebuild-error.ts'

/** What is passed to the client with each request. */
export interface RequestParams {
  readonly headers: Record<string, string>
  readonly signal: AbortSignal
}

/** Sends a request and reads the answer. A 204 is read as `''`. */
export type AskNeon = <Answer, Result>(
  call: NeonCall,
  request: (params: RequestParams) => Promise<Reply & { readonly data: Answer }>,
  read: (answer: Answer) => Result,
  timeoutMs: number,
) => Promise<Result>

/**
 * Returns what sends requests by a client: each attempt with an id and a time limit of its own, each error made anew, each
 * answer read while it can still be called lost.
 */
export function createAsk(options: { apiKey: Secret; clock: Clock; send: SendNeonCall }): AskNeon {
  return (call, request, read, timeoutMs) =>
    options.send(call, async () => {
      const requestId = randomUUID()
      const asked = { call, requestId, apiKey: options.apiKey.reveal(), now: options.clock.now() }
      // Of the whole answer: the client's own time limit begins anew with every byte.
      const params = { headers: { 'X-Request-ID': requestId }, signal: AbortSignal.timeout(timeoutMs) }
      const reply = await request(params).catch((error: unknown) => {
        throw rebuildError(error, asked)
      })
      // A page of whatever stands in between, where Neon's JSON should be.
      if (typeof reply.data !== 'object' && reply.status !== 204) throw errorOfReply(reply, asked)
      const result = readable(() => read(reply.data))
      if (result === undefined) throw errorOfReply({ ...reply, data: undefined }, asked)
      return result.value
    })
}

/** Returns what was read; undefined: something that must be there is not. */
function readable<T>(read: () => T): { readonly value: T } | undefined {
  try {
    return { value: read() }
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}
