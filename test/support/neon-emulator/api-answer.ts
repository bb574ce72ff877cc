import { isAxiosError } from 'axios'

/** What the API answered a call that failed. */
export interface ApiAnswer {
  /** undefined: nothing. */
  readonly status: number | undefined
  readonly code: string
  readonly message: string
  readonly retryAfter: unknown
  readonly data: unknown
}

/** Waits for a call that has to fail, and returns its answer. @throws Error when it succeeds */
export async function answerOf(call: Promise<unknown>): Promise<ApiAnswer> {
  try {
    await call
  } catch (error) {
    if (!isAxiosError(error)) throw error
    const data: unknown = error.response?.data
    const { code = '', message = '' } = typeof data === 'object' && data !== null ? (data as Partial<ApiAnswer>) : {}
    return { status: error.response?.status, code, message, retryAfter: error.response?.headers['retry-after'], data }
  }
  throw new Error('The call succeeded.')
}
