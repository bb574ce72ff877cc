import type { Clock } from '../../lib/clock.ts'
import type { NeonApi, NeonOperation } from './neon-api.ts'
import { NeonOperationError } from './neon-operation-error.ts'
import { judgeOperation } from './operation-status.ts'

/** Waits before the first polls, in milliseconds; then the last one. */
const POLLS_MS = [250, 250, 1_000] as const
/** How long all operations of one mutation are waited for, in milliseconds. */
const LONGEST_MS = 5 * 60_000

/**
 * Waits until all operations of a mutation are done. They are asked for one after the other, as Neon runs those of a project:
 * usually the last of them is done when it is looked at first. What the mutation's answer says is done costs no call.
 * @throws NeonOperationError; NeonApiError where Neon cannot be asked
 */
export async function waitForOperations(
  api: Pick<NeonApi, 'getOperation'>,
  operations: readonly NeonOperation[],
  clock: Clock,
  longestMs: number = LONGEST_MS,
): Promise<void> {
  const now = () => clock.now().getTime()
  const until = now() + longestMs
  let polls = 0
  for (const begun of operations) {
    let operation = begun
    let errors = 0
    for (;;) {
      errors = operation.status === 'error' ? errors + 1 : 0
      const verdict = judgeOperation(operation, errors)
      if (verdict === 'done') break
      if (verdict === 'failed') throw new NeonOperationError('failed', operation)
      if (now() >= until) throw new NeonOperationError('overdue', operation)
      const usual = POLLS_MS[polls++] ?? POLLS_MS[2]
      const retryMs = operation.status === 'failed' ? (operation.retryAt?.getTime() ?? 0) - now() : 0
      await clock.sleep(Math.min(Math.max(usual, retryMs), until - now()))
      operation = await api.getOperation(operation.projectId, operation.id)
    }
  }
}
