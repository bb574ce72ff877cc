import { explained } from './explained.ts'
import type { NeonAccount } from './neon-account.ts'
import { NEON_PLANS, type NeonPlan, planNamed } from './prices.ts'

export interface NamedPlan {
  readonly name: string
  readonly plan: NeonPlan
}

/**
 * Returns the plan of the account, and what it allows and costs. Undefined: no organisation is named whose plan could be asked for, or
 * it is none that we know.
 * @throws FleetError as `explained`
 */
export async function planOf({
  api,
  settings: { orgId },
}: Pick<NeonAccount, 'api' | 'settings'>): Promise<NamedPlan | undefined> {
  if (orgId === undefined) return undefined
  const { plan } = await explained(`Organisation ${orgId} was not looked at`, () => api.getOrganization(orgId))
  const name = planNamed(plan)
  return name && { name, plan: NEON_PLANS[name] }
}
