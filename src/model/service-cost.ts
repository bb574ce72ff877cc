/** What a rollout asks of a provider that is a service. */
export interface ServiceWork {
  readonly tenants: number
  /** How many tenants get a restore point before. */
  readonly restorePoints: number
  /** How many tenants are migrated at once, at most. */
  readonly concurrency: number
  /** How long restore points are kept after the rollout, in milliseconds; null: it takes none. */
  readonly keep: number | null
}

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
  /** What waking them costs at most, in US dollars, and by which prices; null: the prices are not known. */
  readonly dollars: { readonly most: number; readonly plan: string; readonly pricesAsOf: string } | null
  /** Branches that are kept until restore points are pruned. */
  readonly branches: number
  /** What may go wrong with it, in sentences. */
  readonly warnings: readonly string[]
}
