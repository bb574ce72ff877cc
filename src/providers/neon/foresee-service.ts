import type { ServiceCost, ServiceWork } from '../../model/service-cost.ts'
import { CALLS_PER_TENANT, estimateCalls, estimateMinutes, estimateWakes } from './estimate-neon-cost.ts'
import { explained } from './explained.ts'
import type { NeonAccount } from './neon-account.ts'
import { type NamedPlan, planOf } from './plan-of.ts'
import { PRICES_AS_OF } from './prices.ts'

const HOUR_MS = 3_600_000
/** What is taken for the work on a tenant until something was measured, in seconds. */
const SECONDS_PER_TENANT = 5
/** Of a compute that nobody has configured, in compute units. */
const LEAST_COMPUTE = 0.25
/** Left between the end of what is promised and that of the history window. */
const MARGIN_MS = HOUR_MS

/**
 * Says what a rollout takes of Neon's API and computes, from counts alone, with two calls whatever the number of tenants.
 * @throws FleetError as `explained`
 */
export async function foreseeService(work: ServiceWork, account: NeonAccount): Promise<ServiceCost> {
  const { settings } = account
  const plan = await planOf(account)
  const window = await leastHistoryMs(account)
  const calls = (per: number) => estimateCalls({ pages: 0, tenants: work.restorePoints, callsPerTenant: per })
  const least = calls(CALLS_PER_TENANT.branchRestorePoint.least)
  const leastMs =
    60_000 *
    estimateMinutes({
      calls: least,
      requestsPerMinute: settings.requestsPerMinute,
      tenants: work.tenants,
      secondsPerTenant: SECONDS_PER_TENANT,
      concurrency: work.concurrency,
    })
  return {
    service: 'Neon',
    calls: { least, most: calls(CALLS_PER_TENANT.branchRestorePoint.most) },
    callsPerMinute: settings.requestsPerMinute,
    leastMs,
    wakes: work.tenants,
    dollars: dollarsOf(work, plan, account),
    branches: work.restorePoints,
    warnings: work.keep === null ? [] : windowWarnings(window, work.keep + leastMs),
  }
}

function dollarsOf({ tenants }: ServiceWork, known: NamedPlan | undefined, { settings }: NeonAccount) {
  if (known === undefined) return null
  const most = estimateWakes(known.plan, {
    wakes: tenants,
    computeUnits: settings.autoscaling?.min ?? LEAST_COMPUTE,
    secondsOfWork: SECONDS_PER_TENANT,
    tailSeconds:
      settings.suspendTimeout === undefined ? known.plan.leastSuspendSeconds : settings.suspendTimeout / 1_000,
  })
  return most === null ? null : { most, plan: known.name, pricesAsOf: PRICES_AS_OF }
}

/** The shortest history window among the first projects of the account; null: there is none, or Neon does not say. */
async function leastHistoryMs({ api, settings: { orgId } }: NeonAccount): Promise<number | null> {
  return explained('The projects were not listed', async () => {
    for await (const { projects } of api.listProjects({ search: 'fleet/', ...(orgId ? { orgId } : {}) })) {
      const windows = projects.flatMap((it) => it.historyRetentionSeconds ?? [])
      return windows.length === 0 ? null : Math.min(...windows) * 1_000
    }
    return null
  })
}

/** A restore to the tenant's own history reaches no further back than the window. */
function windowWarnings(window: number | null, promised: number): readonly string[] {
  const missing = promised + MARGIN_MS - (window ?? Number.POSITIVE_INFINITY)
  if (missing <= 0) return []
  const hours = (ms: number) => `${Math.ceil(ms / HOUR_MS)} h`
  return [
    `Some projects keep ${hours(window ?? 0)} of history, ${hours(missing)} less than restore points are promised for: a restore may be refused by then. Raise \`historyRetention\` of the projects, or shorten \`restorePoints.keep\`.`,
  ]
}
