import type { NeonAnswer } from './errors.ts'
import { NeonApiError } from './neon-api-error.ts'
import type { NeonCall } from './neon-call.ts'

/** An HTTP answer, as far as it is looked at. */
export interface Reply {
  readonly status: number
  readonly data: unknown
  readonly headers: unknown
}

interface Asked {
  readonly call: NeonCall
  /** Ours, where the answer names none. */
  readonly requestId: string
  /** Taken out of what is kept: whoever answers may repeat what was sent. */
  readonly apiKey: string
  readonly now: Date
}

/** Makes the error of what the client threw, of which nothing is kept but status, code, message, request id and Retry-After. */
export function rebuildError(thrown: unknown, asked: Asked): NeonApiError {
  const reply = field(thrown, 'response')
  if (isReply(reply)) return errorOfReply(reply, asked)
  const code = text(field(thrown, 'code'))
  // Nothing but the time limit cancels a request.
  return make(asked, { status: null, code: code === 'ERR_CANCELED' ? 'ETIMEDOUT' : code, message: null })
}

/** Makes the error of an answer that is a refusal, or that is not what it should be. */
export function errorOfReply(reply: Reply, asked: Asked): NeonApiError {
  const message = field(reply.data, 'message')
  const said = typeof message === 'string'
  const answer = {
    status: reply.status,
    code: said ? text(field(reply.data, 'code')) : '',
    message: said ? message : null,
  }
  const requestId = text(field(reply.data, 'request_id')) || asked.requestId
  return make({ ...asked, requestId }, answer, retryAfterMs(reply.headers, asked.now))
}

/** Reads Retry-After, in seconds or as a date, which is compared with the answer's own where that has one. */
function retryAfterMs(headers: unknown, now: Date): number | null {
  const value = text(field(headers, 'retry-after'))
  if (value === '') return null
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const until = Date.parse(value)
  const sent = Date.parse(text(field(headers, 'date')))
  return Number.isNaN(until) ? null : Math.max(0, until - (Number.isNaN(sent) ? now.getTime() : sent))
}

function make({ call, requestId, apiKey }: Asked, answer: NeonAnswer, retryAfter: number | null = null): NeonApiError {
  const clean = (value: string) => (apiKey === '' ? value : value.replaceAll(apiKey, '***'))
  const message = answer.message === null ? null : clean(answer.message)
  return new NeonApiError(call, { ...answer, code: clean(answer.code), message }, clean(requestId), retryAfter)
}

function isReply(value: unknown): value is Reply {
  return typeof field(value, 'status') === 'number'
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
