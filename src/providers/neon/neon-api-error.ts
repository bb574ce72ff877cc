import { classifyNeonAnswer, type NeonAnswer, type NeonErrorKind, type NeonLimit } from './errors.ts'
import { type NeonCall, routeOf } from './neon-call.ts'
import { oneLine } from './one-line.ts'

/**
 * A call of Neon's API that failed, made anew of what may be shown: the client's own error carries the API key, and is
 * neither kept nor a cause.
 */
export class NeonApiError extends Error {
  override readonly name = 'NeonApiError'
  readonly kind: NeonErrorKind
  /** The HTTP status; null: no answer came. */
  readonly status: number | null
  /** Neon's, often empty; where no answer came, Node's. */
  readonly code: string
  /** What Neon said, in its own words; null: nothing, or nothing of its own. */
  readonly answer: string | null
  /** Of kind `limit`: which. */
  readonly limit: NeonLimit | null
  /** To be named to Neon's support. */
  readonly requestId: string
  /** E.g. `POST /projects/{project_id}/branches`. */
  readonly route: string
  /** Whether the call asks for a change: one whose answer is lost may have been made all the same. */
  readonly changes: boolean
  readonly projectId: string | null
  /** How long Neon asks to wait; null: it does not say. */
  readonly retryAfterMs: number | null

  constructor(call: NeonCall, answer: NeonAnswer, requestId: string, retryAfterMs: number | null = null) {
    const message = answer.message === null ? null : oneLine(answer.message)
    const where = `${routeOf(call)}${call.projectId === null ? '' : ` of project ${call.projectId}`}`
    const code = answer.code === '' ? '' : ` ${answer.code}`
    const what =
      answer.status === null
        ? `no answer came (${answer.code || 'connection lost'})`
        : `${answer.status}${code}${message === null ? ', not in words of its own' : `: ${message}`}`
    super(`Neon, asked for ${where}: ${what} (request ${requestId})`)
    const { kind, limit } = classifyNeonAnswer(answer)
    this.kind = kind
    this.limit = limit
    this.status = answer.status
    this.code = answer.code
    this.answer = message
    this.requestId = requestId
    this.route = routeOf(call)
    this.changes = call.method !== 'GET'
    this.projectId = call.projectId
    this.retryAfterMs = retryAfterMs
  }
}

/** Resolves to undefined where what was asked for is gone. */
export async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof NeonApiError && error.kind === 'gone') return undefined
    throw error
  }
}
