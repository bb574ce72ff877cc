import type { RestorePointState } from './restore-point-state.ts'

/** `rollout`: taken before migrations. `manual`: somebody asked for it. `restore`: what was there before a restore. */
export type RestorePointReason = 'rollout' | 'manual' | 'restore'

/**
 * `copy`: made by the provider and seen to be what the tenant was. `position`: in the history that the provider keeps of the tenant
 * anyway; nothing was made, and whether it can be reached is not proven.
 */
export type RestorePointGrade = 'copy' | 'position'

/** What a tenant can return to. */
export interface RestorePoint {
  /** As printed and typed: `p7`. */
  readonly id: string
  readonly tenantId: string
  readonly state: RestorePointState
  readonly reason: RestorePointReason
  readonly grade: RestorePointGrade
  readonly server: string
  readonly database: string
  /** The last migration of its history. */
  readonly version: string | null
  readonly history: readonly string[]
  /** Null until it is ready. */
  readonly bytes: number | null
  readonly createdAt: Date
  /** The tenant's state at this moment is what it holds. */
  readonly readyAt: Date | null
  /** After this it is removed by `prune`. */
  readonly expiresAt: Date | null
  /** Whether it cannot be removed before the tenant, which was made from it: then that is when it expires. */
  readonly goesWithTenant: boolean
  /** Why it failed. */
  readonly error: string | null
}

/** How often rows of a table were written since its statistics began. */
export interface TableCounter {
  /** Qualified, as people write it. */
  readonly table: string
  readonly oid: number
  readonly writes: number
  /** How many of these were deletions. */
  readonly deletes: number
  /** Number of its file: another one when it was emptied or rewritten, which counts no row. */
  readonly file: number
}

/** What the server's statistics say of a tenant at one moment; to be compared with those of a later one. */
export interface WriteCounters {
  /** When the server was started. */
  readonly serverStart: string
  /** When the server's statistics began: anew after a crash, which the start of the server does not tell. */
  readonly statsBegan: string | null
  /** When those of the database were reset; null: never. */
  readonly statsReset: string | null
  readonly tables: readonly TableCounter[]
}

export interface TableLoss {
  readonly table: string
  /** At most: what was rolled back counts, too. */
  readonly rows: number
  /** How many of these were deletions, at most: those rows would come back. */
  readonly deletes: number
}

/** How two states of a table differ, row by row. An updated row is one of each. */
export interface TableDifference {
  readonly table: string
  /** Rows that only the newer state has: inserted or updated since. */
  readonly newer: number
  /** Rows that only the older state has: deleted or updated since. */
  readonly older: number
}

/**
 * What a restore would lose: rows written since the restore point, exactly, where the tables are small enough to be
 * compared; at most so many; or nobody can tell.
 */
export type Loss =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'exact'
      readonly newer: number
      readonly older: number
      readonly tables: readonly TableDifference[]
    }
  | { readonly kind: 'at-most'; readonly rows: number; readonly tables: readonly TableLoss[] }
  | { readonly kind: 'unknown'; readonly why: string }

/** Where a restore would lead. */
export interface RestorePlan {
  readonly tenantId: string
  readonly point: RestorePoint
  /** Whether a restore to it was begun, and has not come to its end. */
  readonly isUnfinished: boolean
  /** Whether the tenant can have no restore point after it, and not return any more. */
  readonly isLast: boolean
}

export interface RestoreResult {
  readonly tenantId: string
  /** What the tenant returned to. */
  readonly point: RestorePoint
  /** The state before, to which it can return in turn. */
  readonly kept: RestorePoint
  readonly loss: Loss
  /** How old the restore point was, in milliseconds. */
  readonly age: number
  /** How long nobody could be in the tenant, in milliseconds; null: a process that died in between has done it. */
  readonly closedFor: number | null
  /** Settings of the tenant's database that could not be applied again. */
  readonly settingsLost: readonly string[]
  /**
   * Whether it can return to the state before: `open`; `last`, where it can have no restore point after that and not return any
   * more; `closed`, where that is so by now.
   */
  readonly wayBack: 'open' | 'last' | 'closed'
  /** Whether the tenant has another address now, of which its application has to be told. */
  readonly endpointChanged: boolean
  /** Null: none was asked for. */
  readonly salvage: Salvage | null
}

/** A table of which a salvage has written rows. */
export interface SalvagedTable {
  readonly schema: string
  readonly table: string
  /** Name of its file in the salvage's folder. */
  readonly file: string
  readonly rows: number
}

/** What a salvage could not look into. */
export interface NotCompared {
  readonly what: string
  readonly why: string
}

/** The rows that only a restore point has, in files. */
export interface Salvage {
  readonly tenantId: string
  /** The restore point that the rows are from. */
  readonly pointId: string
  readonly directory: string
  /** Only those that have such rows. */
  readonly tables: readonly SalvagedTable[]
  readonly notCompared: readonly NotCompared[]
}

/** Where rows of a tenant were written to files, by a salvage that came to its end or not. */
export interface SalvageRecord {
  readonly tenantId: string
  readonly pointId: string
  readonly host: string
  readonly directory: string
  readonly at: Date
}

export interface RestoreTenantOptions {
  /**
   * Id of the restore point. Left out: what a restore that has not come to its end is on its way to, else the newest that was not
   * kept by a restore; refused where the tenant has returned since it was made, or a newer one has expired.
   */
  readonly to?: string | undefined
  /** Restore although what was written since, or an unknown part of it, will only be in the state that is kept. */
  readonly acceptDataLoss?: boolean
  /**
   * A folder, empty or new, for the rows that only the state before has. Where they are all that would be lost, it is not
   * refused for them.
   */
  readonly salvage?: string | undefined
  /**
   * Restore although logical replication slots and subscriptions will be with the state that is kept, or although the tenant can
   * have no restore point after it, as at Neon where a restore has left the history that this one is of.
   */
  readonly force?: boolean
}
