import { FleetError } from '../model/errors.ts'
import type { RolloutPlan } from '../model/rollout.ts'
import type { ServiceWork } from '../model/service-cost.ts'
import type { Provider } from '../providers/provider.ts'

export interface PlanServiceCostContext {
  readonly provider: Pick<Provider, 'foreseeService'>
  readonly owner: ServiceWork['owner']
  /** How long restore points are kept after a rollout, in milliseconds. */
  readonly keep: number
  /** On copies of how many tenants it is tried first. */
  readonly rehearsals?: number
}

/**
 * Adds to a plan what it takes of a provider that is a service. That it does not answer
 * is said, and no reason for having no plan.
 */
export async function planServiceCost(
  plan: RolloutPlan,
  { provider, owner, keep, rehearsals = 0 }: PlanServiceCostContext,
): Promise<RolloutPlan> {
  if (provider.foreseeService === undefined || plan.tenants === 0) return plan
  const restorePoints = (plan.restorePointCost?.servers ?? []).reduce((sum, { tenants }) => sum + tenants, 0)
  try {
    const serviceCost = await provider.foreseeService({
      owner,
      tenants: plan.tenants,
      waves: plan.waves,
      restorePoints,
      restores: plan.undo === undefined ? 0 : plan.tenants - plan.undo.byDown,
      rehearsals: Math.min(rehearsals, plan.tenants),
      concurrency: plan.policy.concurrency,
      keep: restorePoints + (plan.restorePointCost?.positions ?? 0) > 0 ? keep : null,
    })
    return { ...plan, serviceCost }
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    return { ...plan, serviceCostUnknown: error.message }
  }
}

/**
 * Refuses a plan that what is known of the service speaks against.
 * @throws FleetError HISTORY_TOO_SHORT
 */
export function refuseService({ serviceCost }: Pick<RolloutPlan, 'serviceCost'>): void {
  if (serviceCost?.refusal !== undefined) throw new FleetError('HISTORY_TOO_SHORT', serviceCost.refusal)
}
