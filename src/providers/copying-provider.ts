import type { Closure } from '../model/closure.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import type { Mark } from '../model/mark.ts'
import type { CopyTaken } from '../model/restore-point-cost.ts'
import type { Secret } from '../model/secret.ts'
import type { Placement } from '../model/tenant.ts'
import type { Client } from '../postgres/connect.ts'

/** A copy of a tenant's database on the same server, which nobody can connect to. */
export interface RestorePointRef {
  readonly server: string
  readonly database: string
  /** As in `Placement`. */
  readonly databaseId: string
}

/** What is looked at while a restore point is made; what is thrown prevents it. */
export interface RestorePointLooks {
  /** At the tenant, when nobody else is in it any more and the copy has not begun: until then nothing was made of this mark. */
  readonly observe: (tenant: Client) => Promise<void>
  /** At the copy, before it is closed to everybody; not called where the provider proves it in another way. */
  readonly prove: (copy: ConnectionDescriptor) => Promise<void>
}

export interface CreatedRestorePoint extends RestorePointRef {
  readonly bytes: number
  /** Settings of the tenant's database that the copy could not be given. */
  readonly settingsLost: readonly string[]
  readonly copying: CopyTaken
}

/** How copying some databases of one server would come out. */
export interface CopyOutlook {
  readonly copies: readonly {
    readonly bytes: number
    /** As in `CopyTaken`. */
    readonly method: string
    readonly diskBytes: number
    /** Whether nobody gets into the tenant meanwhile. */
    readonly closes: boolean
  }[]
  /** What is free where these databases are; null: it cannot be told for sure. */
  readonly freeBytes: number | null
}

export interface RestoreRequest {
  readonly placement: Placement
  readonly point: RestorePointRef
  /** Of the restore point. */
  readonly mark: Mark
  /** When the restore point was taken; left out: nobody knows. A service may go back only so far. */
  readonly takenAt?: Date
  /** Whether all restores of the tenant since have returned to later ones, so that it is still a moment of its history. Default: no. */
  readonly isInHistory?: boolean
  /**
   * Looks into what a service has put back, before anything that leads there again is removed; false: it is another state than that
   * of the restore point, which is left alone then. Not asked where a database is put back that is the restore point's itself.
   */
  readonly verify?: (tenant: Client) => Promise<boolean>
  /** That of the state before the restore, which becomes a restore point of its own. */
  readonly keptMark: Mark
  /** Reads the password of the tenant's application, which a restore must not take back; undefined or left out: it is not known. */
  readonly readPassword?: () => Promise<Secret | undefined>
  /**
   * Restore although something that no copy has, such as a replication slot, stays with the state before, or the tenant can never
   * be restored again.
   */
  readonly force?: boolean
}

export interface RestoreOutcome {
  /** Where the tenant is now: the same name, mostly another id, and where it has moved, another address. */
  readonly placement: Placement
  /** The state before; null when it is gone by now. */
  readonly kept: RestorePointRef | null
  /** How long nobody could be in the tenant, in milliseconds; null: an earlier call has done it. */
  readonly closedFor: number | null
  /** Settings of the tenant's database that could not be applied again. */
  readonly settingsLost: readonly string[]
  /** Whether the tenant is reached by another address from now on, of which its application has to be told. */
  readonly endpointChanged: boolean
  /** Whether the tenant can have no restore point any more, and not return again. */
  readonly isLast: boolean
  /** Ids of what cannot be removed before the tenant, which is made from it by now. */
  readonly bound: readonly string[]
}

export interface BranchRequest {
  /** The tenant. */
  readonly placement: Placement
  /** The restore point that is copied, and its mark; null: the tenant itself. */
  readonly from: { readonly point: RestorePointRef; readonly mark: Mark } | null
  /** Of the branch. */
  readonly mark: Mark
}

/** A throw-away copy of a tenant's database, into which nobody but the admin gets. */
export interface Branch {
  /** As the tenant's, so that migrations run on it as they do there; without a login role. */
  readonly placement: Placement
  readonly bytes: number
  /** How long copying took, in milliseconds. */
  readonly copyMs: number
  /** How long nobody could be in the tenant for it, in milliseconds. */
  readonly closedMs: number
  /** Settings of the tenant's database that the copy could not be given. */
  readonly settingsLost: readonly string[]
}

/** Where a tenant is in a history that its provider keeps anyway. */
export interface NotedPosition {
  /** In the provider's own words. */
  readonly position: string
  /** For how long it can be returned to from now on, in milliseconds. */
  readonly reachMs: number
  /** Size of the tenant. */
  readonly bytes: number
  /** As in `CopyTaken`. */
  readonly tookMs: number
}

/** Restore points of which nothing is made. That they can be reached is not proven before one of them is kept. */
export interface Positions {
  /**
   * Notes where a tenant is, without making anything; null: there is no such history of this tenant, or nobody knows how far it
   * reaches. Nobody is disturbed.
   * @throws FleetError TENANT_BUSY; what `observe` throws
   */
  note(placement: Placement, observe: RestorePointLooks['observe']): Promise<NotedPosition | null>

  /**
   * Makes the restore point of a mark, of the moment of a position. The same mark again makes it anew.
   * @throws FleetError RESTORE_REFUSED where it cannot be reached any more, and as `createRestorePoint`
   */
  keep(
    placement: Placement,
    mark: Mark,
    noted: { readonly position: string; readonly notedAt: Date },
  ): Promise<RestorePointRef>
}

/**
 * The part of a provider that copies tenants: to be put back, or to be tried out on. As everywhere in a provider, every
 * operation may be repeated after a crash at any point.
 */
export interface CopyingProvider {
  /** Whether all restore points and branches of a tenant are gone once its database is deleted. */
  readonly copiesGoWithTenant: boolean
  /** Whether a tenant that has returned to what a restore had kept can have no restore point any more, and not return again. */
  readonly keptIsLast: boolean
  /** How many databases of one server are copied at once; more wait. */
  readonly copiesAtOnce: number

  /** Absent: the provider keeps no history of its tenants. */
  readonly positions?: Positions

  /** Returns where a restore point will be: so that it can be recorded before it is made. */
  plannedRestorePoint(placement: Placement, mark: Mark): Pick<RestorePointRef, 'server' | 'database'>

  /**
   * Copies a tenant's database; the same mark again makes it anew. The others' sessions in the tenant are ended, and new
   * ones wait until the copy is there, or are refused when it takes long. `force`: although something is left out that a
   * copy cannot have.
   * @throws FleetError TENANT_BUSY, DATABASE_FOREIGN, RIGHT_MISSING, DATABASE_IN_USE; RESTORE_POINT_REFUSED naming what
   * would be left out, or what makes a copy impossible; what the looks throw, and then there is no copy
   */
  createRestorePoint(
    placement: Placement,
    mark: Mark,
    looks: RestorePointLooks,
    options?: { readonly force?: boolean },
  ): Promise<CreatedRestorePoint>

  /**
   * Puts a restore point in the place of a tenant's database and keeps what was there. Called again after it happened, it
   * changes nothing. `confirm` is asked when nobody else is in the tenant any more; what it throws leaves all as it is.
   * @throws FleetError TENANT_BUSY, RESTORE_POINT_UNKNOWN, RESTORE_REFUSED naming what would stay with the state before,
   * DATABASE_FOREIGN, RIGHT_MISSING, DATABASE_IN_USE
   */
  restore(request: RestoreRequest, confirm: (tenant: Client) => Promise<void>): Promise<RestoreOutcome>

  /**
   * Opens a restore point to us alone, for as long as `look` takes; whatever happens, nobody without the rights of its owner
   * gets in. What it holds must not be changed.
   * @throws FleetError RESTORE_POINT_UNKNOWN, DATABASE_FOREIGN, RIGHT_MISSING, DATABASE_IN_USE; what `look` throws
   */
  lookIntoRestorePoint(
    point: RestorePointRef,
    mark: Mark,
    look: (point: ConnectionDescriptor) => Promise<void>,
  ): Promise<void>

  /**
   * Removes a restore point, only if name, mark and id agree; gone is fine. An id of null: it was never seen whole. False: it cannot
   * go before its tenant, which is made from it, and goes with that.
   * @throws FleetError DATABASE_FOREIGN
   */
  releaseRestorePoint(
    ref: Pick<RestorePointRef, 'server' | 'database'> & { readonly databaseId: string | null },
    mark: Mark,
  ): Promise<boolean>

  /**
   * Says how restore points of these databases would come out, in one query at most, whatever their number. Those that are gone
   * are left out, except where nothing is copied and nobody is asked.
   * @throws FleetError SERVER_UNREACHABLE, AUTHENTICATION_FAILED
   */
  foreseeCopies(server: string, databases: readonly string[]): Promise<CopyOutlook>

  /** Guesses how long copying so many bytes takes by a method of `foreseeCopies`, in milliseconds. */
  guessCopyMs(method: string, bytes: number): number

  /** Returns where a branch will be: so that it can be recorded before it is made. */
  plannedBranch(placement: Placement, mark: Mark): Pick<RestorePointRef, 'server' | 'database'>

  /**
   * Copies a restore point, which stays as it is, or the tenant itself, as `createRestorePoint` does. The same mark again makes
   * it anew.
   * @throws FleetError TENANT_BUSY, RESTORE_POINT_UNKNOWN, DATABASE_FOREIGN, RIGHT_MISSING, DATABASE_IN_USE
   */
  branch(request: BranchRequest): Promise<Branch>

  /**
   * Removes a branch, only if name and mark agree; gone is fine. Ends its sessions.
   * @throws FleetError DATABASE_FOREIGN
   */
  deleteBranch(ref: Pick<RestorePointRef, 'server' | 'database'>, mark: Mark): Promise<void>

  /**
   * Lets the clients of a pooler go on that a process has left waiting; fine where they go on by now.
   * @throws FleetError CLIENTS_NOT_PAUSED when the pooler is not reached, or not in the configuration any more
   */
  reopen(closure: Closure): Promise<void>
}
