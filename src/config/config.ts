import type { Kysely, KyselyPlugin } from 'kysely'
import type { ConnectionDescriptor } from '../model/connection.ts'
import type { NeonSettings } from '../model/neon-settings.ts'
import type { FailureMode, OnFailure, RestorePointPolicy, TransactionMode } from '../model/rollout.ts'
import type { Tags } from '../model/tenant.ts'

/** Number of tenants, or a share of them as a percentage such as `'10%'`. */
export interface Quantity {
  readonly value: number
  readonly unit: 'tenants' | 'percent'
}

export interface WaveConfig {
  readonly name: string
  /** Tags that a tenant must have, all of them; undefined: any tenant. */
  readonly match: Tags | undefined
  /** Of all targeted tenants, rounded up; undefined: all that match. */
  readonly size: Quantity | undefined
  /** Of the wave, rounded down. */
  readonly maxFailures: Quantity
  readonly onFailure: OnFailure
  readonly concurrency: number | undefined
  /** A wave that matches nobody is left out instead of failing the plan. */
  readonly optional: boolean
}

/** Which provider, as data. */
export type ProviderConfig =
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'postgres'
      readonly servers: readonly ServerConfig[]
    }
  | ({ readonly kind: 'neon' } & NeonSettings)

/** A server, as its admin reaches it. */
export interface ServerConfig {
  readonly name: string
  readonly admin: ConnectionDescriptor
  /** The PgBouncers in front of it. */
  readonly pgbouncer: {
    /** Ways to the admin consoles. */
    readonly consoles: readonly ConnectionDescriptor[]
    /** For how long transactions in progress are waited for. */
    readonly pauseTimeout: number
  }
}

/** The configuration with every default filled in: nothing below validates again. Times are in milliseconds. */
export interface FleetConfig {
  readonly name: string
  /** Absolute path of the project: where `.fleet/` is, and what paths are relative to. */
  readonly root: string
  /** The file it came from; undefined when it was given as a value. */
  readonly file: string | undefined
  readonly provider: ProviderConfig
  /** Undefined: a database of the provider's only server. */
  readonly catalog: ConnectionDescriptor | undefined
  readonly migrations: {
    /** Absolute path. */
    readonly folder: string
    readonly table: string
    readonly lockTable: string
    readonly schema: string | undefined
    readonly allowUnordered: boolean
    /** Kysely plugins that migrations run with, in order. */
    readonly plugins: readonly KyselyPlugin[]
  }
  readonly extensions: readonly string[]
  /** Chooses a new tenant's server; undefined: the one with the fewest tenants. */
  readonly placement: ((tenant: { readonly id: string; readonly tags: Tags }) => string | Promise<string>) | undefined
  /** Fills the template after the migrations. */
  readonly seed: ((db: Kysely<unknown>) => Promise<void>) | undefined
  readonly rollout: {
    readonly waves: readonly WaveConfig[]
    readonly orderBy: string | undefined
    readonly concurrency: number
    readonly perServer: number
    readonly failureMode: FailureMode
    readonly attempts: number
    readonly transactionMode: TransactionMode
    readonly proof: number
    readonly lockTimeout: number
    readonly statementTimeout: number
    readonly concurrentTimeout: number
  }
  readonly restorePoints: {
    readonly take: RestorePointPolicy
    /** How long a restore point is kept; one that a rollout takes, from its end on. */
    readonly keep: number
    /** Most that they may take of each server's disk, in bytes, or by the server's name; undefined: no limit of its own. */
    readonly maxBytes: number | Readonly<Record<string, number>> | undefined
    /** How many tenants of one server are copied at once. */
    readonly copiesAtOnce: number
    /** Tenants from this size on, in bytes, are dumped rather than closed; by the programs of this folder, or of PATH. */
    readonly dump: { readonly from: number; readonly programs: string | undefined } | undefined
  }
}
