import { explained } from './explained.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NeonOrganization } from './neon-api.ts'
import { NEON_PLANS, type NeonPlan, planNamed } from './prices.ts'

export interface NamedPlan {
  readonly name: string
  readonly plan: NeonPlan
}

/**
 * Returns the organisation of the account; undefined: none is named that could be asked for.
 * @throws FleetError as `explained`
 */
export async function organizationOf({
  api,
  settings: { orgId },
}: Pick<NeonAccount, 'api' | 'settings'>): Promise<NeonOrganization | undefined> {
  if (orgId === undefined) return undefined
  return explained(`Organisation ${orgId} was not looked at`, () => api.getOrganization(orgId))
}

/**
 * Returns the plan of the account, and what it allows and costs. Undefined: no organisation is named whose plan
 * could be asked for, or it is none that we know.
 * @throws FleetError as `explained`
 */
export async function planOf(account: Pick<NeonAccount, 'api' | 'settings'>): Promise<NamedPlan | undefined> {
  const organization = await organizationOf(account)
  return organization && planOfOrganization(organization)
}

/** Returns the plan of an organisation; undefined: it is none that we know. */
export function planOfOrganization({ plan }: Pick<NeonOrganization, 'plan'>): NamedPlan | undefined {
  const name = planNamed(plan)
  return name && { name, plan: NEON_PLANS[name] }
}
