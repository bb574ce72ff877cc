import type { Address } from './connection.ts'
import type { TenantState } from './tenant-state.ts'

export type Tags = Readonly<Record<string, string>>

/** Where a tenant's database is and who owns what in it. Holds no secret in clear. */
export interface Placement {
  /** Name of the server in the configuration; `external` for a tenant that was adopted by its own URL. */
  readonly server: string
  readonly database: string
  /**
   * What it is told by from another of the same name: the OID in pg_database, or the id that a service gave it; guards deletion.
   * Null: the fleet has not seen it yet.
   */
  readonly databaseId: string | null
  /** Role that owns the objects inside, taken by `SET ROLE` for migrations; null: stay what one connects as. */
  readonly ownerRole: string | null
  /** Login role of the tenant's application; null where the fleet did not make one. */
  readonly loginRole: string | null
  /** Set only where the tenant has a server of its own, by a provider that makes those; no other part reads it. */
  readonly own?: OwnServer
  /** The provider's pooler before it; absent: it has none, or nobody has asked for it yet. */
  readonly pooler?: Address
  /** Set only for an adopted tenant that is reached by a URL of its own; its password is in the tenant's secret. */
  readonly address?: Address
}

/** How the owner of a tenant with a server of its own reaches it. */
export interface OwnServer {
  readonly address: Address
  /** The owner's password, encrypted. */
  readonly sealed: string
  /**
   * How far back the history reaches that the provider keeps of it, in milliseconds, as it said when the tenant was made; 0: there
   * is none to return to any more; absent: nobody knows.
   */
  readonly reach?: number
  /** What the provider's API calls the parts of it, by what they are. */
  readonly ids: Readonly<Record<string, string>>
}

/** `created` by the fleet, or `adopted`: its database was there before, and deleting the tenant leaves it there. */
export type TenantOrigin = 'created' | 'adopted'

export interface Tenant {
  readonly id: string
  readonly state: TenantState
  readonly origin: TenantOrigin
  readonly tags: Tags
  readonly placement: Placement | null
  /** Names of the migrations in its history, in order of execution; the version is the last one. */
  readonly history: readonly string[]
  /** The last migration of its history; null when it has none. */
  readonly version: string | null
  /** Why rollouts skip it; null when they do not. */
  readonly pinned: string | null
  readonly createdAt: Date
  /** When its own history was last read or written by the fleet. */
  readonly checkedAt: Date | null
  /** Why the last creation or deletion failed. */
  readonly error: string | null
}

/** A tenant that is deleted. */
export interface DeletedTenant {
  readonly tenantId: string
  /** Until when others, such as the service that had it, can bring its data back; null: nobody can. */
  readonly recoverableUntil: Date | null
}

export interface NewTenant {
  readonly id: string
  readonly tags?: Tags
}

/** Says whether two histories have the same migrations in the same order. */
export function isSameHistory(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index])
}

/** Returns the version that a history stands for: its last migration. */
export function versionOf(history: readonly string[]): string | null {
  return history.at(-1) ?? null
}
