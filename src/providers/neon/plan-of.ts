import { FleetError } from '../../model/errors.ts'
import { kindOf } from './change-surely.ts'
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
 * @throws FleetError CONFIG_INVALID for one that there is not, and as `explained`
 */
export async function organizationOf({
  api,
  settings: { orgId },
}: Pick<NeonAccount, 'api' | 'settings'>): Promise<NeonOrganization | undefined> {
  if (orgId === undefined) return undefined
  const what = `Organisation ${orgId} was not looked at`
  return explained(what, () => api.getOrganization(orgId)).catch((error: unknown) => {
    throw kindOf(error) === 'gone' ? unknownOrganization(orgId, error) : error
  })
}

function unknownOrganization(orgId: string, cause: unknown): FleetError {
  return new FleetError(
    'CONFIG_INVALID',
    `provider.orgId: there is no organisation ${orgId}, or the key may not see it.`,
    { cause, remedy: "In Neon's console, the settings of the organisation show its id." },
  )
}

/**
 * Returns the plan of the account, and what it allows and costs. Undefined: no organisation is named whose plan
 * could be asked for, or it is none that we know.
 * @throws FleetError as `organizationOf`
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
