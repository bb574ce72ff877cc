import { FleetError } from '../model/errors.ts'
import type { Provider } from '../providers/provider.ts'
import type { PlannedRollout } from './plan-rollout.ts'

export interface PlanServiceCostContext {
  readonly provider: Pick<Provider, 'foreseeService'>
  /** How long restore points are kept after a rollout, in milliseconds. */
  readonly keep: number
}

/**
 * Adds to a plan what it takes of a provider that is a service. What cannot be known leaves the plan as it is: the service says
 * itself what is the matter, as soon as it is needed.
 */
export async function planServiceCost(
  planned: PlannedRollout,
  { provider, keep }: PlanServiceCostContext,
): Promise<PlannedRollout> {
  const { plan } = planned
  if (provider.foreseeService === undefined || plan.tenants === 0) return planned
  const restorePoints = (plan.restorePointCost?.servers ?? []).reduce((sum, { tenants }) => sum + tenants, 0)
  try {
    const serviceCost = await provider.foreseeService({
      tenants: plan.tenants,
      restorePoints,
      concurrency: plan.policy.concurrency,
      keep: restorePoints > 0 ? keep : null,
    })
    return { ...planned, plan: { ...plan, serviceCost } }
  } catch (error) {
    if (error instanceof FleetError) return planned
    throw error
  }
}
