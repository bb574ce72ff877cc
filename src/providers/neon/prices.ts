const DAY_S = 86_400
const HOUR_S = 3_600

/** What a plan of Neon's allows and costs. Money is in US dollars. */
export interface NeonPlan {
  /** Most projects of an account; null: agreed upon one by one. */
  readonly projects: number | null
  /** Branches of a project that cost nothing, and the most there can be. */
  readonly includedBranches: number | null
  readonly branches: number
  /** Branches of a project without a parent: the tenant itself, and each state that a restore kept. */
  readonly rootBranches: number
  /** How far back point-in-time restore can reach, in seconds. */
  readonly historySeconds: number
  /** The soonest that an idle compute is suspended, in seconds. */
  readonly leastSuspendSeconds: number
  /** Per compute unit and hour; null: none is sold. */
  readonly computeUnitHour: number | null
  /** Of a branch beyond those that are included, per month; null: none is sold. */
  readonly branchMonth: number | null
}

/** When the figures below were read on neon.com. */
export const PRICES_AS_OF = '2026-08'

/** Of the plans by name. */
export const NEON_PLANS = {
  free: {
    projects: 100,
    includedBranches: 10,
    branches: 10,
    rootBranches: 3,
    historySeconds: 6 * HOUR_S,
    leastSuspendSeconds: 300,
    computeUnitHour: null,
    branchMonth: null,
  },
  launch: {
    projects: 100,
    includedBranches: 10,
    branches: 5_000,
    rootBranches: 5,
    historySeconds: 7 * DAY_S,
    leastSuspendSeconds: 300,
    computeUnitHour: 0.106,
    branchMonth: 1.5,
  },
  scale: {
    projects: 1_000,
    includedBranches: 25,
    branches: 5_000,
    rootBranches: 25,
    historySeconds: 30 * DAY_S,
    leastSuspendSeconds: 60,
    computeUnitHour: 0.222,
    branchMonth: 1.5,
  },
  agent: {
    projects: null,
    includedBranches: null,
    branches: 1_000,
    rootBranches: 5,
    historySeconds: 7 * DAY_S,
    leastSuspendSeconds: 60,
    computeUnitHour: 0.106,
    branchMonth: null,
  },
} as const satisfies Record<string, NeonPlan>

export type NeonPlanName = keyof typeof NEON_PLANS

/** What is kept, per GB and month in US dollars. */
export const GIGABYTE_MONTH = { storage: 0.35, history: 0.2, snapshots: 0.09 } as const

/**
 * Returns the plan that the API names, e.g. `scale` or `scale_v3`; undefined for one that is not in the table: then nothing
 * is said of limits and money.
 */
export function planNamed(name: string): NeonPlanName | undefined {
  const known = name.toLowerCase().replace(/_v3$/, '')
  return Object.hasOwn(NEON_PLANS, known) ? (known as NeonPlanName) : undefined
}
