import type { ClaimableRun } from '../catalog/tenant-runs.ts'
import type { Task } from '../engine/engine.ts'
import type { RolloutFacts } from '../model/rollout-facts.ts'

/**
 * Makes tasks of runs that could start now. Of those that prove a recorded migration there is one at a time: what it is
 * sent decides what the others get.
 */
export function nextTasks(
  runs: readonly ClaimableRun[],
  held: readonly Task[],
  {
    rolloutId,
    epoch,
    proving,
    deviating,
  }: Pick<RolloutFacts, 'epoch' | 'proving' | 'deviating'> & { rolloutId: number },
): readonly Task[] {
  let proofRuns = held.some((task) => task.proves)
  return runs.flatMap(({ tenantId, server, proves }) => {
    if (proves && proofRuns) return []
    proofRuns ||= proves
    return [{ rolloutId, epoch, tenantId, server, proves, live: [...proving, ...deviating] }]
  })
}
