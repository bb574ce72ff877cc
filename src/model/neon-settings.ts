import type { Secret } from './secret.ts'

/** What Neon asks for, in US dollars; undefined: what it published for the plan. */
export interface NeonPrices {
  /** Of a compute unit for an hour. */
  readonly computeUnitHour: number | undefined
  /** Of a branch for a month, beyond those that the plan includes. */
  readonly branchMonth: number | undefined
}

/** What a tenant is at Neon: a project of its own, or a branch of the fleet's one project. */
export type NeonPlacement = 'project-per-tenant' | 'branch-per-tenant'

/** An account at Neon: what projects are made like in it, and how Neon is asked. Times are in milliseconds. */
export interface NeonSettings {
  readonly apiKey: Secret
  /** What a tenant is there. */
  readonly placement: NeonPlacement
  /** With branches: the project that they are in, if it is not one of our own making. */
  readonly templateProjectId: string | undefined
  readonly region: string
  /** Undefined: that of the key. */
  readonly orgId: string | undefined
  readonly pgVersion: number
  /** Here and below, undefined: as the plan has it. */
  readonly historyRetention: number | undefined
  /** In compute units. */
  readonly autoscaling: { readonly min: number; readonly max: number } | undefined
  readonly suspendTimeout: number | undefined
  /** Whether a compute that a rollout has woken is suspended after the work. */
  readonly suspendAfter: boolean
  /** In US dollars; undefined: as Neon published them for the plan. */
  readonly prices: NeonPrices | undefined
  readonly requestsPerMinute: number
  /** Of each kind of request. */
  readonly requestsPerSecond: number
  /** Ends in `/api/v2`; undefined: Neon's own. */
  readonly baseUrl: string | undefined
}
