import type { NeonOperation } from './neon-api.ts'
import { oneLine } from './one-line.ts'

/** That a mutation was accepted and did not come to its end. */
export class NeonOperationError extends Error {
  override readonly name = 'NeonOperationError'
  /** `failed`: it never will. `overdue`: it may yet. */
  readonly reason: 'failed' | 'overdue'
  readonly operation: NeonOperation

  constructor(reason: 'failed' | 'overdue', operation: NeonOperation) {
    const { id, action, projectId, status, error } = operation
    const why = error ? `: ${oneLine(error)}` : ''
    super(`Operation ${action} of project ${projectId} is ${status} (${reason}, operation ${id})${why}`)
    this.reason = reason
    this.operation = operation
  }
}
