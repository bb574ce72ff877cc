/** What a plan allows. */
export interface Limits {
  readonly projects: number
  /** In one project, roots included. */
  readonly branches: number
  readonly rootBranches: number
  readonly protectedBranches: number
  /** Computes of branches that are not the default and run at once, in one project. */
  readonly activeEndpoints: number
  /** The longest history window, in seconds. */
  readonly historySeconds: number
  /** Which suspend timeouts may be asked for, in seconds, beside 0, which is the default; -1 is never. */
  readonly suspendTimeouts: { readonly least: number; readonly most: number; readonly never: boolean }
}

export type Plan = 'free' | 'launch' | 'scale' | 'agent'

const HOUR = 3600
const DAY = 24 * HOUR
const WEEK = 7 * DAY

/** As published in August 2026; the Agent plan's number of projects is raised in steps, so it has none here. */
export const LIMITS: Readonly<Record<Plan, Limits>> = {
  free: {
    projects: 100,
    branches: 10,
    rootBranches: 3,
    protectedBranches: 5,
    activeEndpoints: 20,
    historySeconds: 6 * HOUR,
    suspendTimeouts: { least: 300, most: 300, never: false },
  },
  launch: {
    projects: 100,
    branches: 5000,
    rootBranches: 5,
    protectedBranches: 5,
    activeEndpoints: 20,
    historySeconds: 7 * DAY,
    suspendTimeouts: { least: 300, most: 300, never: true },
  },
  scale: {
    projects: 1000,
    branches: 5000,
    rootBranches: 25,
    protectedBranches: 5,
    activeEndpoints: 20,
    historySeconds: 30 * DAY,
    suspendTimeouts: { least: 60, most: WEEK, never: true },
  },
  agent: {
    projects: Number.POSITIVE_INFINITY,
    branches: 1000,
    rootBranches: 5,
    protectedBranches: 5,
    activeEndpoints: 20,
    historySeconds: 7 * DAY,
    suspendTimeouts: { least: 60, most: WEEK, never: false },
  },
}

/** Where the request names none: a day, or the plan's longest. */
export function defaultHistorySeconds(limits: Limits): number {
  return Math.min(DAY, limits.historySeconds)
}

/** Whether the plan takes this suspend timeout. */
export function allowsSuspendTimeout({ suspendTimeouts }: Limits, seconds: number): boolean {
  if (seconds === 0) return true
  if (seconds === -1) return suspendTimeouts.never
  return seconds >= suspendTimeouts.least && seconds <= suspendTimeouts.most
}
