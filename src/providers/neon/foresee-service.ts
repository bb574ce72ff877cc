import type { NeonSettings } from '../../model/neon-settings.ts'
import type { ServiceCost, ServiceWork } from '../../model/service-cost.ts'
import {
  CALLS_PER_TENANT,
  estimateCalls,
  estimateMinutes,
  estimateWakes,
  isCheaperToSuspend,
  SUSPENDED_AT_ONCE_S,
} from './estimate-neon-cost.ts'
import { judgeWindows, readHistoryWindows, type WindowVerdict } from './history-windows.ts'
import type { NeonAccount } from './neon-account.ts'
import type { NamedPlan } from './plan-of.ts'
import { PRICES_AS_OF } from './prices.ts'

/** What is taken for the work on a tenant until something was measured, in seconds. */
const SECONDS_PER_TENANT = 5
/** From the call to the first query after it (third parties). */
const SECONDS_PER_RESTORE = 12
/** Of a compute that nobody has configured, in compute units: what it begins with. */
const LEAST_COMPUTE = 0.25
/** After how long without use Neon suspends a compute that nobody has configured, in seconds, on every plan. */
const USUAL_TAIL_S = 300
const NOTHING_PROMISED: WindowVerdict = { warnings: [], refusal: null }

/**
 * Says what a rollout takes of Neon's API and computes, from counts alone; with restore points, also from the history windows of
 * the tenants, or a sample of them: some calls, whatever the number of tenants.
 * @param plan that of the account; undefined: it is not known
 * @param restore how many calls it takes to return one tenant
 * @throws FleetError as `explained`
 */
export async function foreseeService(
  work: ServiceWork,
  plan: NamedPlan | undefined,
  account: NeonAccount,
  restore: { readonly least: number; readonly most: number } = CALLS_PER_TENANT.restore,
): Promise<ServiceCost> {
  const { settings } = account
  const { branchRestorePoint, rehearse, suspend } = CALLS_PER_TENANT
  const calls = (which: 'least' | 'most') =>
    estimateCalls(work.restorePoints, branchRestorePoint[which]) +
    estimateCalls(work.restores, restore[which]) +
    estimateCalls(work.rehearsals, rehearse) +
    (settings.suspendAfter ? estimateCalls(work.tenants, suspend) : 0)
  const least = calls('least')
  const leastMs =
    60_000 *
    estimateMinutes({
      calls: least,
      requestsPerMinute: settings.requestsPerMinute,
      tenants: work.tenants,
      secondsPerTenant: secondsPerTenant(work),
      concurrency: work.concurrency,
    })
  const { warnings, refusal } =
    work.keep === null
      ? NOTHING_PROMISED
      : judgeWindows(await readHistoryWindows(work.owner, account), {
          waves: work.waves,
          lengthMs: leastMs,
          keep: work.keep,
        })
  return {
    service: 'Neon',
    calls: { least, most: calls('most') },
    callsPerMinute: settings.requestsPerMinute,
    leastMs,
    wakes: work.tenants,
    dollars: dollarsOf(work, plan, account),
    // What a restore keeps is one as well.
    branches: work.restorePoints + work.restores,
    warnings,
    ...(refusal === null ? {} : { refusal }),
  }
}

function secondsPerTenant({ restores }: ServiceWork): number {
  return restores > 0 ? SECONDS_PER_RESTORE : SECONDS_PER_TENANT
}

function dollarsOf(work: ServiceWork, known: NamedPlan | undefined, { settings }: NeonAccount): ServiceCost['dollars'] {
  const about = estimateWakes(settings.prices?.computeUnitHour ?? known?.plan.computeUnitHour ?? null, {
    wakes: work.tenants,
    computeUnits: settings.autoscaling?.min ?? LEAST_COMPUTE,
    secondsOfWork: secondsPerTenant(work),
    tailSeconds: tailOf(settings),
  })
  if (about === null) return null
  if (settings.prices?.computeUnitHour !== undefined) return { about, prices: { from: 'configuration' } }
  return known === undefined ? null : { about, prices: { from: 'publication', plan: known.name, asOf: PRICES_AS_OF } }
}

/** How long a compute stays awake after the work, in seconds. */
function tailOf({ suspendTimeout, suspendAfter }: NeonSettings): number {
  const usual = suspendTimeout === undefined ? USUAL_TAIL_S : suspendTimeout / 1_000
  return suspendAfter && isCheaperToSuspend(usual) ? SUSPENDED_AT_ONCE_S : usual
}
