import type { Mark } from './mark.ts'

/** What a rollout asks of a provider that is a service. */
export interface ServiceWork {
  /** Whose tenants. */
  readonly owner: Pick<Mark, 'fleet' | 'catalogId'>
  readonly tenants: number
  /** In the order in which they are migrated. */
  readonly waves: readonly { readonly name: string; readonly tenants: number }[]
  /** How many tenants get a restore point before. */
  readonly restorePoints: number
  /** How many tenants are returned to their restore points: an undo. */
  readonly restores: number
  /** On copies of how many tenants it is tried first. */
  readonly rehearsals: number
  /** How many tenants are migrated at once, at most. */
  readonly concurrency: number
  /** How long restore points are kept after the rollout, in milliseconds; null: it takes none. */
  readonly keep: number | null
}

/** By which prices a cost is said: those of the configuration, or as published for the plan of the account, and when. */
export type ServicePrices =
  | { readonly from: 'configuration' }
  | { readonly from: 'publication'; readonly plan: string; readonly asOf: string }

/** What that is expected to take and to cost there. It stands beside a plan; its digest does not name it. */
export interface ServiceCost {
  /** As people call it. */
  readonly service: string
  /** Calls of its API. */
  readonly calls: { readonly least: number; readonly most: number }
  /** What its rate limit lets through in a minute. */
  readonly callsPerMinute: number
  /** How long the work takes at least, by that limit and by what is done at once, in milliseconds. */
  readonly leastMs: number
  /** Computes that sleep and are woken, at most. */
  readonly wakes: number
  /** About what waking them costs, in US dollars; null: the prices are not known. */
  readonly dollars: { readonly about: number; readonly prices: ServicePrices } | null
  /** Branches that are kept until restore points are pruned. */
  readonly branches: number
  /** What may go wrong with it, in sentences. */
  readonly warnings: readonly string[]
  /** Why it should not be started, in sentences; left out: nothing speaks against it. */
  readonly refusal?: string
}
