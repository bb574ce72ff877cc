import type { NeonOperation } from './neon-api.ts'

/** Polls that still say `error` before it is believed: Neon itself may try again. */
const ERRORS_BELIEVED = 1 + 3

/** Says whether an operation holds its project at this moment. */
export function isUnderWay(status: string): boolean {
  return status === 'scheduling' || status === 'running' || status === 'cancelling'
}

/**
 * Judges an operation after it was seen in status `error` so many times in a row, this time included. `failed` is not the
 * end: Neon tries again. What is not known is not the end either.
 */
export function judgeOperation({ status }: Pick<NeonOperation, 'status'>, errors: number): 'done' | 'failed' | 'wait' {
  if (status === 'finished' || status === 'skipped') return 'done'
  if (status === 'cancelled') return 'failed'
  return status === 'error' && errors >= ERRORS_BELIEVED ? 'failed' : 'wait'
}
