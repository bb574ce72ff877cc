import type { Closure } from '../model/closure.ts'
import type { ConnectionDescriptor } from '../model/connection.ts'
import type { Diagnosis } from '../model/diagnosis.ts'
import type { Mark } from '../model/mark.ts'
import type { CopyTaken } from '../model/restore-point-cost.ts'
import type { Secret } from '../model/secret.ts'
import type { Placement } from '../model/tenant.ts'
import type { Client } from '../postgres/connect.ts'

/** What one server was found to be able to do; probed, never assumed. */
export interface ServerCapabilities {
  readonly server: string
  /** As in `server_version_num`, e.g. 180004. */
  readonly version: number
  /** Whether `file_copy_method = clone` was seen to copy by reference. */
  readonly clone: 'yes' | 'no' | 'not-probed'
  readonly superuser: boolean
}

export interface ProviderCapabilities {
  /** What one tenant is. */
  readonly granularity: 'database'
  /** Whether `createDatabase` clones a template, or makes an empty database that the migrations then fill. */
  readonly template: 'clone' | 'none'
  readonly servers: readonly ServerCapabilities[]
}

/** A database that tenants on the same server are cloned from. Nobody can connect to it once it is ready. */
export interface TemplateRef {
  readonly server: string
  readonly database: string
}

export interface TemplateSpec {
  readonly server: string
  readonly mark: Mark
  /** Installed as admin before `build` is called. */
  readonly extensions: readonly string[]
}

export interface DatabaseSpec {
  readonly server: string
  readonly template: TemplateRef
  readonly mark: Mark
  /** The login role of the tenant's application is named like its database; the server gets a SCRAM verifier of this. */
  readonly password: Secret
}

/** A copy of a tenant's database on the same server, which nobody can connect to. */
export interface RestorePointRef {
  readonly server: string
  readonly database: string
  readonly oid: number
}

/** What is looked at while a restore point is made; what is thrown prevents it. */
export interface RestorePointLooks {
  /** At the tenant, when nobody else is in it any more and the copy has not begun. */
  readonly observe: (tenant: Client) => Promise<void>
  /** At the copy, before it is closed to everybody. */
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
  }[]
  /** What is free where these databases are; null: it cannot be told for sure. */
  readonly freeBytes: number | null
}

export interface RestoreRequest {
  readonly placement: Placement
  readonly point: RestorePointRef
  /** Of the restore point. */
  readonly mark: Mark
  /** That of the state before the restore, which becomes a restore point of its own. */
  readonly keptMark: Mark
  /** Exchange it although something that no copy has, such as a replication slot, stays with the state before. */
  readonly force?: boolean
}

export interface RestoreOutcome {
  /** Where the tenant is now: the same name, another OID. */
  readonly placement: Placement
  /** The state before; null when it is gone by now. */
  readonly kept: RestorePointRef | null
  /** How long nobody could be in the tenant, in milliseconds; null: an earlier call has done it. */
  readonly closedFor: number | null
  /** Settings of the tenant's database that could not be applied again. */
  readonly settingsLost: readonly string[]
}

/** A name on a server that carries a mark: that of a database, or of a login role without one. */
export interface MarkedName {
  readonly server: string
  readonly name: string
  readonly mark: Mark
  /** Of the database; null: only a login role has the name. */
  readonly oid: number | null
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
  /** How long copying took, in milliseconds; if the tenant itself was copied, it was closed for that long at most. */
  readonly copyMs: number
  /** Settings of the tenant's database that the copy could not be given. */
  readonly settingsLost: readonly string[]
}

/** What copying a database would come to. */
export interface CopyCost {
  readonly bytes: number
  /** A rough guess from size and way of copying, in milliseconds. */
  readonly ms: number
}

/** A database on a server of the provider, as adoption sees it. */
export interface FoundDatabase {
  readonly server: string
  readonly database: string
  readonly oid: number
  readonly owner: string
  readonly mark: Mark | undefined
}

/**
 * Where databases come from. Every operation may be repeated after a crash at any point and then ends in the same
 * state: the mark is its key. Every implementation passes `test/conformance/provider.ts`.
 */
export interface Provider {
  readonly kind: string
  /** How many databases of one server are copied at once; more wait. */
  readonly copiesAtOnce: number
  /**
   * Whether the server belongs to this project alone, on this machine: then its catalog is upgraded without being asked,
   * and the key for passwords at rest may be generated beside the data.
   */
  readonly isPrivate: boolean
  /** Names of the servers, in the order of the configuration. */
  readonly servers: readonly string[]

  /** Reads what the servers can do; `probe` finds out what is not known yet, which may take seconds. */
  capabilities(options?: { readonly probe?: boolean }): Promise<ProviderCapabilities>

  /**
   * Makes the database for the catalog if it is missing, closed to PUBLIC, and returns how to reach it as admin.
   * Only for a provider with exactly one server; `catalog.url` names another place.
   * @throws FleetError DATABASE_FOREIGN, RIGHT_MISSING, SERVER_UNREACHABLE
   */
  ensureCatalogDatabase(fleet: string): Promise<ConnectionDescriptor>

  /**
   * Makes a template: an empty database with the fleet's roles and default privileges, filled by `build`, then
   * vacuumed and closed to everybody. One that is ready is returned without calling `build`; a half-made one is
   * made again from the start. Two processes that ask for the same one build it once.
   * @throws what `build` throws, after the half-made database was removed
   */
  ensureTemplate(spec: TemplateSpec, build: (database: ConnectionDescriptor) => Promise<void>): Promise<TemplateRef>

  /** Removes a template; one that is gone is fine. */
  deleteTemplate(ref: TemplateRef, mark: Mark): Promise<void>

  /**
   * Returns where the tenant of a mark will be, without OID: so that it can be recorded before it is made, and what a
   * crash leaves of it can be deleted.
   */
  plannedPlacement(server: string, mark: Mark): Placement

  /**
   * Clones a template into a tenant's database with its own login role. The same mark twice is the same database.
   * @throws FleetError TEMPLATE_MISSING, DATABASE_FOREIGN, RIGHT_MISSING, DATABASE_IN_USE, SERVER_UNREACHABLE
   */
  createDatabase(spec: DatabaseSpec): Promise<Placement>

  /** Returns how to reach a tenant's database as admin, directly, never through a pooler. */
  connect(placement: Placement): Promise<ConnectionDescriptor>

  /**
   * Removes a tenant's database and login role, only if name, mark and OID agree; gone is fine. Ends its sessions.
   * @throws FleetError DATABASE_FOREIGN, RIGHT_MISSING, DATABASE_IN_USE, SERVER_UNREACHABLE
   */
  deleteDatabase(placement: Placement, mark: Mark): Promise<void>

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
   * Removes a restore point, only if name, mark and OID agree; gone is fine. An OID of null: it was never seen whole.
   * @throws FleetError DATABASE_FOREIGN
   */
  releaseRestorePoint(
    ref: Pick<RestorePointRef, 'server' | 'database'> & { readonly oid: number | null },
    mark: Mark,
  ): Promise<void>

  /**
   * Says how restore points of these databases would come out, in one query whatever their number; those that are gone are
   * left out. @throws FleetError SERVER_UNREACHABLE, AUTHENTICATION_FAILED
   */
  foreseeCopies(server: string, databases: readonly string[]): Promise<CopyOutlook>

  /** Guesses how long copying so many bytes takes by a method of `foreseeCopies`, in milliseconds. */
  guessCopyMs(method: string, bytes: number): number

  /** Says how large a tenant's database is, and how long copying it may take. */
  copyCost(placement: Placement): Promise<CopyCost>

  /** Returns where a branch will be: so that it can be recorded before it is made. */
  plannedBranch(placement: Placement, mark: Mark): Pick<RestorePointRef, 'server' | 'database'>

  /**
   * Copies a restore point, which stays as it is, or the tenant itself: the others' sessions in the tenant are ended then,
   * and new ones wait until the copy is there. The same mark again makes it anew.
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

  /** Lists databases whose name is LIKE the pattern, in pages, ordered by server and name; templates are left out. */
  findDatabases(pattern: string): AsyncIterable<FoundDatabase>

  /** Lists what carries a mark of one fleet and catalog, in pages that fit into memory; the catalog's database does not. */
  findMarked(by: Pick<Mark, 'fleet' | 'catalogId'>): AsyncIterable<readonly MarkedName[]>

  /**
   * Removes what was found by its mark, with the login role that goes with it, only if name, mark and OID are the same
   * still; false when they are not. `isOrphan` is asked last, while nobody can make something of that name; its no leaves all.
   * @throws FleetError DATABASE_IN_USE, DATABASE_FOREIGN, RIGHT_MISSING
   */
  removeMarked(found: MarkedName, isOrphan: () => Promise<boolean>): Promise<boolean>

  /** Returns the OIDs of those of these databases that are there, by name. */
  lookUpDatabases(server: string, names: readonly string[]): Promise<ReadonlyMap<string, number>>

  /** Returns the size of a database in bytes; null when it is gone or may not be known. */
  databaseSize(server: string, name: string): Promise<number | null>

  /** Looks at reach, rights and settings, and says what to run where something is missing. Never throws for those. */
  diagnose(): Promise<readonly Diagnosis[]>

  /** Lets go of what the provider holds (connections; the use of the embedded server). May be called twice. */
  close(): Promise<void>
}
