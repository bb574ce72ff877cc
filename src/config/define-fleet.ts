import type { Kysely, KyselyPlugin } from 'kysely'
import type { FailureMode, OnFailure, RestorePointPolicy, TransactionMode } from '../model/rollout.ts'
import type { Tags } from '../model/tenant.ts'

/** `10` tenants or `'10%'` of them. */
export type QuantityInput = number | string

/** Milliseconds, or a text such as `'3s'`, `'10m'`, `'2h'`. */
export type DurationInput = number | string

/** Bytes, or a text such as `'500GB'`, in powers of 1,000. */
export type ByteSizeInput = number | string

/** A PostgreSQL server, or several by name. */
export type ServersInput =
  /** Undefined is refused with a clear error, so that `process.env.X` can be given as it is. */
  | {
      readonly url: string | undefined
      readonly pgbouncer?: PgbouncerInput<readonly (string | undefined)[]> | undefined
    }
  | {
      readonly servers: Readonly<Record<string, string | undefined>>
      /** Consoles by name of the server that they are in front of. */
      readonly pgbouncer?: PgbouncerInput<Readonly<Record<string, readonly (string | undefined)[]>>> | undefined
    }

/** The PgBouncers that tenants' clients come through: these wait while their database is copied or exchanged. */
export interface PgbouncerInput<Consoles> {
  /** URLs of admin consoles, one for each process of PgBouncer. */
  readonly consoles: Consoles
  /** For how long transactions in progress are waited for. Default 5 s. */
  readonly pauseTimeout?: DurationInput | undefined
}

/** An organisation, or a person's account, at Neon. */
export interface NeonInput {
  /** Undefined is refused with a clear error, so that `process.env.NEON_API_KEY` can be given as it is. */
  readonly apiKey: string | undefined
  /**
   * What one tenant is. Default a project of its own, which can be returned to any moment of its history. A branch of one project,
   * cloned from a template, is for small fleets and previews: docs/providers/neon.md says what it lacks.
   */
  readonly placement?: 'project-per-tenant' | 'branch-per-tenant' | undefined
  /** With branches: the project that they are in, with one database and nothing in it. Left out: the fleet makes one. */
  readonly templateProjectId?: string | undefined
  /** Where projects are made, as Neon calls it: `aws-us-east-1`. */
  readonly region: string
  /** The organisation that projects belong to; a personal key may do without. */
  readonly orgId?: string | undefined
  /** Major version of PostgreSQL, 14 to 18. Default 18. */
  readonly pgVersion?: number | undefined
  /** How far back a tenant's history reaches; left out: as the plan has it. */
  readonly historyRetention?: DurationInput | undefined
  /** Compute units, least and most; left out: as the plan has them. */
  readonly autoscaling?: { readonly min: number; readonly max: number } | undefined
  /** After how long without use a compute is suspended; left out: as the plan has it. Some plans refuse any other. */
  readonly suspendTimeout?: DurationInput | undefined
  /**
   * Suspend the compute of a tenant that slept before a rollout came to it, as soon as the tenant is done and where nobody else
   * is in it: two calls for each tenant, instead of the compute until its own timeout. Default false.
   */
  readonly suspendAfter?: boolean | undefined
  /**
   * What you pay, in US dollars, for what a plan says of costs: for a compute unit in an hour, for a branch beyond the included ones
   * in a month. Left out: what Neon published for the account's plan, as far as `orgId` tells it.
   */
  readonly prices?:
    | { readonly computeUnitHour?: number | undefined; readonly branchMonth?: number | undefined }
    | undefined
  /** Most calls of the API in a minute. Default 600; Neon allows 700 for each key. */
  readonly requestsPerMinute?: number | undefined
  /** Most calls of the API in a second and route. Default 30; Neon allows 40. */
  readonly requestsPerSecond?: number | undefined
  /** Address of the API. Default Neon's own. */
  readonly baseUrl?: string | undefined
}

/** Where databases come from: what `embedded()`, `postgres()` and `neon()` return. */
export type ProviderInput =
  | { readonly kind: 'embedded' }
  | ({ readonly kind: 'postgres' } & ServersInput)
  | ({ readonly kind: 'neon' } & NeonInput)

/** Tenants that are migrated together. The first wave that matches takes a tenant. */
export interface WaveInput {
  readonly name: string
  /** Tags that a tenant must have, all of them. */
  readonly match?: Tags | undefined
  /** Of all targeted tenants, rounded up; left out: all that match. */
  readonly size?: QuantityInput | undefined
  /** How many may fail before nothing more is started: of the wave, rounded down. Default 0. */
  readonly maxFailures?: QuantityInput | undefined
  /**
   * What becomes of a tenant that fails: `halt` leaves it as it is then, `restore` returns it to its restore point at once, if
   * something is left behind and nobody wrote to it meanwhile. Default `halt`.
   */
  readonly onFailure?: OnFailure | undefined
  /** Most tenants of this wave at once; left out: `rollout.concurrency`. */
  readonly concurrency?: number | undefined
  /** A wave that matches nobody is left out instead of failing the plan. Default false. */
  readonly optional?: boolean | undefined
}

/** What users write in `fleet.config.ts`. Everything but the name has a default. */
export interface FleetInput {
  /** In every mark that is left on a server: a-z, 0-9, _ and -, 20 characters at most. */
  readonly name: string
  /** Default `embedded()`. */
  readonly provider?: ProviderInput | undefined
  /** Where the catalog is; left out: a database of the only server. Required with several servers. */
  readonly catalog?: { readonly url: string | undefined } | undefined
  readonly migrations?:
    | {
        /** Relative to the configuration file. Default `migrations`. */
        readonly folder?: string | undefined
        /** Default `kysely_migration`, as Kysely's. */
        readonly table?: string | undefined
        /** Default `kysely_migration_lock`, as Kysely's. */
        readonly lockTable?: string | undefined
        /** Schema of both tables; left out: the first of the search_path, as Kysely does it. */
        readonly schema?: string | undefined
        /** Accept a file that sorts before one that was applied already. Default false. */
        readonly allowUnordered?: boolean | undefined
        /** Kysely plugins that migrations run with, as in the application's own migrator. Default none. */
        readonly plugins?: readonly KyselyPlugin[] | undefined
      }
    | undefined
  /** Installed as admin in templates, so that tenants have them. */
  readonly extensions?: readonly string[] | undefined
  /** Chooses a new tenant's server by name; left out: the one with the fewest tenants. */
  readonly placement?: ((tenant: { readonly id: string; readonly tags: Tags }) => string | Promise<string>) | undefined
  /** Fills the template after the migrations. */
  readonly seed?: ((db: Kysely<unknown>) => Promise<void>) | undefined
  readonly rollout?:
    | {
        /** Default: one wave `everyone` that takes all tenants and stops at the first failure. */
        readonly waves?: readonly WaveInput[] | undefined
        /** Name of a tag: within a wave, tenants go by its value; left out: by a stable hash of their ids. */
        readonly orderBy?: string | undefined
        /** Most tenants at once. Default 32. */
        readonly concurrency?: number | undefined
        /** Most tenants at once on one server. Default 20. */
        readonly perServer?: number | undefined
        /** `strict`: never more in flight than the failure budget has left, plus one. Default `strict`. */
        readonly failureMode?: FailureMode | undefined
        /** Tries per tenant before a passing error counts as a failure. Default 5. */
        readonly attempts?: number | undefined
        /** `per-migration`: each in its own transaction. `per-run`: all that a tenant lacks in one. Default `per-migration`. */
        readonly transactionMode?: TransactionMode | undefined
        /** How many tenants run a recorded migration live, one at a time, before it is sent as recorded. Default 3. */
        readonly proof?: number | undefined
        /** How long a statement may wait for a lock. Default 3 s. */
        readonly lockTimeout?: DurationInput | undefined
        /** How long a statement may run. Default 10 min. */
        readonly statementTimeout?: DurationInput | undefined
        /** How long a step outside a transaction may run. Default 2 h. */
        readonly concurrentTimeout?: DurationInput | undefined
      }
    | undefined
  readonly restorePoints?:
    | {
        /** Which tenants get one before a rollout's first migration: with a risky one to come, all, or none. Default `risky`. */
        readonly take?: RestorePointPolicy | undefined
        /** How long one is kept; one that a rollout takes, from its end on. Default 24 h. */
        readonly keep?: DurationInput | undefined
        /**
         * Most that restore points may take of each server's disk, or by the server's name: a rollout that would take more is
         * refused. Default: no limit but what is free, where that can be seen.
         */
        readonly maxBytes?: ByteSizeInput | Readonly<Record<string, ByteSizeInput>> | undefined
        /**
         * How many tenants of one server are copied at once, 1 to 4, for restore points and rehearsals: the fewer, the less the
         * others on it notice. Default 2.
         */
        readonly copiesAtOnce?: number | undefined
        /**
         * Tenants from this size on are dumped by pg_dump and pg_restore while they are in use, where the server cannot copy by
         * reference; the programs are those of a folder, or of PATH. Default: none.
         */
        readonly dump?: { readonly from: ByteSizeInput; readonly programs?: string | undefined } | undefined
      }
    | undefined
}

/**
 * Types a configuration; returns it as it is.
 *
 * @example
 * export default defineFleet({
 *   name: 'acme-prod',
 *   provider: postgres({ url: process.env.FLEET_SERVER_URL }),
 *   rollout: { waves: [{ name: 'canary', match: { ring: 'internal' } }, { name: 'everyone', maxFailures: '2%' }] },
 * })
 */
export function defineFleet(input: FleetInput): FleetInput {
  return input
}

/**
 * Says that tenants are databases on your own PostgreSQL server, or on several.
 *
 * @example
 * postgres({ url: process.env.FLEET_SERVER_URL })
 * postgres({ servers: { eu: process.env.EU_URL, us: process.env.US_URL } })
 * postgres({ url: process.env.FLEET_SERVER_URL, pgbouncer: { consoles: [process.env.PGBOUNCER_URL] } })
 */
export function postgres(servers: ServersInput): ProviderInput {
  return { kind: 'postgres', ...servers }
}

/**
 * Says that tenants are databases on a PostgreSQL server that the program itself runs under `.fleet/`.
 *
 * @example
 * defineFleet({ name: 'try-out', provider: embedded() })
 */
export function embedded(): ProviderInput {
  return { kind: 'embedded' }
}

/**
 * Says that each tenant is a project at Neon, or a branch of one. The catalog is in a database of its own: `catalog.url` says where.
 *
 * @example
 * defineFleet({
 *   name: 'acme-prod',
 *   provider: neon({ apiKey: process.env.NEON_API_KEY, region: 'aws-us-east-1', orgId: 'org-…' }),
 *   catalog: { url: process.env.FLEET_CATALOG_URL },
 * })
 */
export function neon(account: NeonInput): ProviderInput {
  return { kind: 'neon', ...account }
}
