import type { NeonPlan } from './prices.ts'

/** Calls are repeated now and then: so much more is reckoned with. */
const REPEATED = 1.05

/** Calls of Neon's API that one tenant costs, at least and at most, as counted on the emulator (docs/providers/neon.md). */
export const CALLS_PER_TENANT = {
  branchRestorePoint: { least: 4, most: 6 },
  /** Without a look at what would be lost, and with it. */
  restore: { least: 16, most: 24 },
  /** Of a tenant that is a branch. */
  branchRestore: { least: 16, most: 24 },
  rehearse: 9,
  /** A look before, whether it sleeps, and the suspension. */
  suspend: 2,
} as const

/** From the end of the work to the suspended compute, in seconds, where the provider suspends it at once. */
export const SUSPENDED_AT_ONCE_S = 5

/** Returns how many calls a piece of work on some tenants takes, with some to spare, rounded up. */
export function estimateCalls(tenants: number, callsPerTenant: number): number {
  return Math.ceil(tenants * callsPerTenant * REPEATED)
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
 * Returns what it costs to wake computes, in US dollars. A compute that is awake in any case is no wake; autoscaling during
 * the work raises `computeUnits`.
 * @param computeUnitHour in US dollars; null: the plan sells none, or is not known, and then nobody knows what it costs
 */
export function estimateWakes(
  computeUnitHour: number | null,
  work: {
    wakes: number
    computeUnits: number
    secondsOfWork: number
    /** Until it is suspended: the suspend timeout, or `SUSPENDED_AT_ONCE_S`. */
    tailSeconds: number
  },
): number | null {
  if (computeUnitHour === null) return null
  return ((work.wakes * work.computeUnits * (work.secondsOfWork + work.tailSeconds)) / 3_600) * computeUnitHour
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
