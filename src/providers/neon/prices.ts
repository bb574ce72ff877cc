/** What a plan of Neon's allows and costs. Money is in US dollars. */
export interface NeonPlan {
  /** Projects of an organisation; null: they are raised in steps, so that nobody knows. */
  readonly projects: number | null
  /** Branches of a project that cost nothing, and the most there can be. */
  readonly includedBranches: number | null
  readonly branches: number
  /** Branches of a project without a parent: the tenant itself, and each state that a restore kept. */
  readonly rootBranches: number
  /** The longest history window of a project, in milliseconds. */
  readonly history: number
  /** After how long without use a compute may be suspended, in milliseconds. */
  readonly suspendTimeout: { readonly least: number; readonly most: number }
  /** Per compute unit and hour; null: none is sold. */
  readonly computeUnitHour: number | null
  /** Of a branch beyond those that are included, per month; null: none is sold. */
  readonly branchMonth: number | null
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Longer than that is no value for the API, whatever the plan (its specification). */
const WEEK = 7 * DAY

/** When the figures below were read on neon.com. */
export const PRICES_AS_OF = '2026-08'

/** Of the plans by name. */
export const NEON_PLANS = {
  free: {
    projects: 100,
    includedBranches: 10,
    branches: 10,
    rootBranches: 3,
    history: 6 * HOUR,
    suspendTimeout: { least: 5 * MINUTE, most: 5 * MINUTE },
    computeUnitHour: null,
    branchMonth: null,
  },
  launch: {
    projects: 100,
    includedBranches: 10,
    branches: 5_000,
    rootBranches: 5,
    history: 7 * DAY,
    suspendTimeout: { least: 5 * MINUTE, most: 5 * MINUTE },
    computeUnitHour: 0.106,
    branchMonth: 1.5,
  },
  scale: {
    projects: 1_000,
    includedBranches: 25,
    branches: 5_000,
    rootBranches: 25,
    history: 30 * DAY,
    suspendTimeout: { least: MINUTE, most: WEEK },
    computeUnitHour: 0.222,
    branchMonth: 1.5,
  },
  agent: {
    projects: null,
    includedBranches: null,
    branches: 1_000,
    rootBranches: 5,
    history: 7 * DAY,
    suspendTimeout: { least: MINUTE, most: WEEK },
    computeUnitHour: 0.106,
    branchMonth: null,
  },
} as const satisfies Record<string, NeonPlan>

export type NeonPlanName = keyof typeof NEON_PLANS

/**
 * Returns the plan that the API names, e.g. `scale` or `scale_v3`; undefined for one that is not in the table: then nothing
 * is said of limits and money.
 */
export function planNamed(name: string): NeonPlanName | undefined {
  const known = name.toLowerCase().replace(/_v3$/, '')
  return Object.hasOwn(NEON_PLANS, known) ? (known as NeonPlanName) : undefined
}
