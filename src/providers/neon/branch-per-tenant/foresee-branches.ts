import type { ServiceCost, ServiceWork } from '../../../model/service-cost.ts'
import { CALLS_PER_TENANT, estimateBranches } from '../estimate-neon-cost.ts'
import { explained } from '../explained.ts'
import { foreseeService } from '../foresee-service.ts'
import type { NeonAccount } from '../neon-account.ts'
import { type NamedPlan, planOf } from '../plan-of.ts'
import { PRICES_AS_OF } from '../prices.ts'
import { BRANCH_MS } from '../tenant-placement.ts'
import type { SharedProjects } from './shared-project.ts'

/**
 * Says what a rollout over branches of one project takes: its restore points one after the other, and branches, of which a plan
 * allows only so many, and includes few.
 * @throws FleetError as `explained`
 */
export async function foreseeBranches(
  work: ServiceWork,
  { account, projects }: { readonly account: NeonAccount; readonly projects: SharedProjects },
): Promise<ServiceCost> {
  const plan = await planOf(account)
  // Restore points are branches that do not depend on a history window.
  const alike = await foreseeService({ ...work, keep: null }, plan, account, CALLS_PER_TENANT.branchRestore)
  const cost = { ...alike, leastMs: Math.max(alike.leastMs, (work.restorePoints + work.restores) * BRANCH_MS) }
  if (work.restorePoints === 0 || plan === undefined) return cost
  const there = await mostBranches(account, projects)
  return { ...cost, warnings: branchWarnings(plan, there, work.restorePoints, account.settings.prices?.branchMonth) }
}

/** Of the fullest of the projects: whose fleet's one is, is not asked. */
async function mostBranches({ api }: NeonAccount, projects: SharedProjects): Promise<number> {
  let most = 0
  for (const { id } of await projects.list())
    most = Math.max(most, (await explained(`Project ${id} was not looked at`, () => api.listBranches(id))).length)
  return most
}

/**
 * Says what a plan does not allow, or asks money for.
 * @param branchMonth what a branch costs in a month, in US dollars; undefined: as Neon published it
 */
export function branchWarnings(
  { name, plan }: NamedPlan,
  there: number,
  more: number,
  branchMonth?: number,
): readonly string[] {
  const all = there + more
  if (all > plan.branches)
    return [
      `The project has ${there} branches, and plan ${name} allows ${plan.branches}: there is no place for ${more} restore points. Prune older ones, or roll out in parts.`,
    ]
  const dollars = estimateBranches({ ...plan, branchMonth: branchMonth ?? plan.branchMonth }, all)
  if (dollars === null || dollars === 0) return []
  return [
    `The project will have ${all} branches, and plan ${name} includes ${plan.includedBranches}: those beyond cost about $${dollars.toFixed(2)} a month (${branchMonth === undefined ? `prices of ${PRICES_AS_OF}` : 'the configured price'}) for as long as they are there.`,
  ]
}
