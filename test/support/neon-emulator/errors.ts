import { randomUUID } from 'node:crypto'

/**
 * An answer of Neon's that is no success. Known from Neon's documents, tests or users are the texts of 423, of a route that does not
 * exist, of branches that exist, are not ready, protected or parents, of the name that a restore wants, of `org_id`, of the history
 * window's maximum and of the suspend interval; the codes of limits; and the statuses 400 of `org_id`, 409, 412, 422 of branches, 423,
 * 429, 503 and 524. All other texts and statuses are the emulator's: no client may match them.
 */
export class NeonError extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, message: string, code = '') {
    super(message)
    this.status = status
    this.code = code
  }

  /** The JSON of the answer; Neon repeats the id that the client sent. */
  body(requestId: string = randomUUID()) {
    return { request_id: requestId, code: this.code, message: this.message }
  }
}

/** What Neon would answer is not known, so the emulator does not answer in its place. */
export const unknown = (what: string) => new NeonError(501, `emulator: ${what}`)

export const unauthorized = () => new NeonError(401, 'supplied credentials do not pass authentication')
export const forbidden = (what: string) => new NeonError(403, what)
export const noSuchRoute = () => new NeonError(404, 'this route does not exist')
export const notFound = (noun: string) => new NeonError(404, `${noun} not found`)

export const locked = () =>
  new NeonError(423, 'project already has running conflicting operations, scheduling of new ones is prohibited')
export const inTransition = (verb: string) =>
  new NeonError(423, `endpoint is in some transitive state, could not ${verb}`)

export const tooMany = () => new NeonError(429, 'too many requests')
export const unavailable = () => new NeonError(503, 'service unavailable')

export const branchNotReady = () => new NeonError(422, 'branch not ready yet')
export const branchExists = (name: string) =>
  new NeonError(409, `branch already exists; branch_name:${JSON.stringify(name)}`, 'BRANCH_ALREADY_EXISTS')

/** The plan is full: `code` is what clients match, since the status is documented for branches alone. */
export const limitExceeded = (
  what: 'BRANCHES' | 'ROOT_BRANCHES' | 'PROJECTS' | 'ENDPOINTS' | 'ACTIVE_ENDPOINTS' | 'BRANCHES_PROTECTED',
  most: number,
) => new NeonError(422, `${what.toLowerCase().replaceAll('_', ' ')} limit exceeded: ${most}`, `${what}_LIMIT_EXCEEDED`)

/** What the request asks of these objects is refused. */
export const unprocessable = (message: string) => new NeonError(422, message)
export const badRequest = (message: string) => new NeonError(400, message)
export const preconditionFailed = (message: string) => new NeonError(412, message)

/** The page that stands in for an answer that took too long: HTML, and the work may have been done. */
export const CLOUDFLARE_PAGE = `<!DOCTYPE html>
<html lang="en-US"><head><title>console.neon.tech | 524: A timeout occurred</title></head>
<body><h1>A timeout occurred</h1><p>Error code 524</p></body></html>
`
