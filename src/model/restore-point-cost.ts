/** What making a restore point came to. Times are in milliseconds. */
export interface CopyTaken {
  /** How it was copied, in the provider's own words: times and sizes of one method can be compared. */
  readonly method: string
  /** Of the disk, at once: 0 where it was copied by reference. */
  readonly diskBytes: number
  /** How long nobody could be in the tenant. */
  readonly closedMs: number
  /** From its begin to its end, with the proof and without waiting for others. */
  readonly tookMs: number
}

/** A time that is expected per tenant, in milliseconds. */
export interface ExpectedTime {
  /** Median of the sample. */
  readonly typical: number
  /** The longest of the sample. */
  readonly longest: number
}

/** A limit for what restore points take on a server. */
export interface SpaceLimit {
  /** `disk`: what is free, less a reserve. `configured`: `restorePoints.maxBytes`, less what restore points take there now. */
  readonly kind: 'disk' | 'configured'
  /** What they may still take, in bytes. */
  readonly room: number
}

/** What the restore points of a plan are expected to take on one server. */
export interface ServerCost {
  readonly server: string
  /** How many tenants get one. */
  readonly tenants: number
  /** Of so many of them the size was read; if it is less than all, the bytes are an estimate. 0: nothing is known. */
  readonly sampled: number
  /** Their databases. */
  readonly bytes: number
  /** What copying takes of the disk at once: nothing by reference, until tenants and copies are written to. */
  readonly diskBytes: number
  /** Upper end of the 95 % confidence interval of `diskBytes`. */
  readonly mostDiskBytes: number
  /** To make one, and how long its tenant is closed for that; null: nothing is known. */
  readonly took: ExpectedTime | null
  readonly closed: ExpectedTime | null
  /** From how many earlier restore points the times are told; 0: a guess from sizes and way of copying. */
  readonly measured: number
  /** Empty: it is not known how much may be taken. */
  readonly limits: readonly SpaceLimit[]
  /** Whether they fit, at the most; null: nobody knows. */
  readonly fits: boolean | null
}

/** What the restore points of a plan are expected to take; it is no part of what the digest names. */
export interface RestorePointCost {
  readonly servers: readonly ServerCost[]
  /** Of so many tenants only the position in their history is noted, which takes nothing; they are not among those of the servers. */
  readonly positions: number
  /** Tenants that need one and cannot have one, since a URL of their own is all that is known of their server. They would fail. */
  readonly elsewhere: { readonly tenants: number; readonly examples: readonly string[] }
}
