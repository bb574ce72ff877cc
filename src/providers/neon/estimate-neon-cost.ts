import type { NeonPlan } from './prices.ts'

/** Projects that one call lists. */
const PROJECTS_PER_PAGE = 400
/** Calls are repeated now and then: so much more is reckoned with. */
const REPEATED = 1.05

/** Calls of Neon's API that one tenant costs, at least and at most (docs/providers/neon.md; inferred). */
export const CALLS_PER_TENANT = {
  /** Over a stored URI. */
  migrate: { least: 0, most: 0 },
  lsnRestorePoint: { least: 0, most: 0 },
  branchRestorePoint: { least: 4, most: 6 },
  suspend: { least: 1, most: 1 },
  rehearse: { least: 5, most: 5 },
  restore: { least: 4, most: 8 },
} as const

/** From the end of the work to the suspended compute, in seconds, where the provider suspends it at once. */
export const SUSPENDED_AT_ONCE_S = 5

/** Returns how many calls it takes to list so many projects. */
export function pagesOf(projects: number): number {
  return Math.ceil(projects / PROJECTS_PER_PAGE)
}

/** Returns how many calls a piece of work takes, rounded up: pages of lists, and calls of each tenant with some to spare. */
export function estimateCalls(work: { pages: number; tenants: number; callsPerTenant: number }): number {
  return Math.ceil(work.pages + work.tenants * work.callsPerTenant * REPEATED)
}

/**
 * Returns how long a piece of work takes at least, in minutes: what the rate limit lets through, or what the tenants take, so
 * many at once, if that is longer.
 */
export function estimateMinutes(work: {
  calls: number
  requestsPerMinute: number
  tenants: number
  secondsPerTenant: number
  concurrency: number
}): number {
  const byRate = work.calls / work.requestsPerMinute
  const byTenants = (work.tenants * work.secondsPerTenant) / (60 * work.concurrency)
  return Math.max(byRate, byTenants)
}

/**
 * Returns what it costs to wake computes, in US dollars; null: the plan sells none, or is not known. A compute that is
 * awake in any case is no wake; autoscaling during the work raises `computeUnits`.
 */
export function estimateWakes(
  plan: Pick<NeonPlan, 'computeUnitHour'> | undefined,
  work: {
    wakes: number
    computeUnits: number
    secondsOfWork: number
    /** Until it is suspended: the suspend timeout, or `SUSPENDED_AT_ONCE_S`. */
    tailSeconds: number
  },
): number | null {
  const price = plan?.computeUnitHour ?? null
  if (price === null) return null
  return ((work.wakes * work.computeUnits * (work.secondsOfWork + work.tailSeconds)) / 3_600) * price
}

/** Returns what so many branches of one project cost in a month, in US dollars; null: the plan sells none, or is not known. */
export function estimateBranches(
  plan: Pick<NeonPlan, 'includedBranches' | 'branchMonth'> | undefined,
  branches: number,
): number | null {
  if (plan === undefined || plan.includedBranches === null) return null
  const beyond = Math.max(0, branches - plan.includedBranches)
  if (beyond === 0) return 0
  return plan.branchMonth === null ? null : beyond * plan.branchMonth
}

/**
 * Says whether it is cheaper to suspend a compute after the work than to let it fall asleep by itself: where it would stay
 * awake for longer than it takes to suspend it. A timeout of 0 is the plan's default, minutes long; a negative one is never.
 */
export function isCheaperToSuspend(suspendTimeoutSeconds: number): boolean {
  return suspendTimeoutSeconds <= 0 || suspendTimeoutSeconds > SUSPENDED_AT_ONCE_S
}
