import type { Diagnosis } from '../../model/diagnosis.ts'
import { FleetError } from '../../model/errors.ts'
import { explained } from './explained.ts'
import type { NeonAccount } from './neon-account.ts'
import { diagnosePlan, type ProjectCount } from './plan-limits.ts'
import { type NamedPlan, organizationOf, planOfOrganization } from './plan-of.ts'

/**
 * Says whether the key works, whose it is and on what plan, what that plan allows and how much of it is used, and what of the
 * configuration depends on that.
 * @param more what else is looked at, with the plan if it is known
 */
export async function diagnoseNeon(
  account: NeonAccount,
  more: (plan: NamedPlan | undefined) => Promise<readonly Diagnosis[]> = async () => [],
): Promise<readonly Diagnosis[]> {
  const { api, settings } = account
  const found: Diagnosis[] = []
  try {
    const { authMethod } = await explained('The key was not looked at', () => api.getAuthDetails())
    const organization = await organizationOf(account)
    const plan = organization && planOfOrganization(organization)
    const whose = organization
      ? `organisation "${organization.name}" on plan ${organization.plan}`
      : 'no organisation named (`provider.orgId`), so its plan is not known'
    const unknown = organization && plan === undefined ? ', of which no limits are known' : ''
    found.push(
      { subject: 'Neon', verdict: 'ok', message: `The key works (${authMethod}); ${whose}${unknown}.` },
      ...(plan === undefined
        ? []
        : diagnosePlan(plan, settings, await countProjects(account, plan.plan.projects ?? 1))),
      await newProjects(account),
      neverTried(account),
      ...(await more(plan)),
    )
  } catch (error) {
    if (!(error instanceof FleetError)) throw error
    found.push({ subject: 'Neon', verdict: 'error', message: error.message, remedy: error.remedy })
  }
  return found
}

/** All of the organisation, until there are as many as its plan allows; with no such limit, those of one call. */
async function countProjects(account: NeonAccount, most: number): Promise<ProjectCount> {
  return explained('The projects were not counted', async () => {
    let projects = 0
    for await (const page of account.projects()) {
      projects += page.projects.length + page.unavailableProjectIds.length
      if (projects >= most) return { projects, isAll: false }
    }
    return { projects, isAll: true }
  })
}

async function newProjects({ api, settings }: NeonAccount): Promise<Diagnosis> {
  const { region, orgId, pgVersion, historyRetention, requestsPerMinute, requestsPerSecond } = settings
  const regions = await explained('The regions were not listed', () => api.listRegions(orgId))
  if (!regions.includes(region))
    return {
      subject: 'Neon',
      verdict: 'error',
      message: `provider.region is "${region}", and projects cannot be made there.`,
      remedy: `Set it to one of: ${regions.join(', ')}.`,
    }
  const window = historyRetention === undefined ? 'as the plan has it' : `${historyRetention / 3_600_000} h`
  return {
    subject: 'Neon',
    verdict: 'ok',
    message: `New projects: ${region}, PostgreSQL ${pgVersion}, history window ${window}. At most ${requestsPerMinute} requests a minute, ${requestsPerSecond} a second and route.`,
  }
}

function neverTried({ settings: { baseUrl } }: NeonAccount): Diagnosis {
  return {
    subject: 'Neon',
    verdict: 'warning',
    message: `This provider has been tested against an emulator only, not against Neon itself${baseUrl ? `; the API is ${new URL(baseUrl).host}` : ''}.`,
    remedy: 'Try it with a project that may be thrown away: examples/neon-live-check.',
  }
}
