import type { Address, ConnectionDescriptor } from '../model/connection.ts'
import type { Diagnosis } from '../model/diagnosis.ts'
import type { Mark } from '../model/mark.ts'
import type { Secret } from '../model/secret.ts'
import type { ServiceCost, ServiceWork } from '../model/service-cost.ts'
import type { Placement } from '../model/tenant.ts'
import type { CopyingProvider } from './copying-provider.ts'

/** What one server can do: probed, but for what a service is told to make. */
export interface ServerCapabilities {
  readonly server: string
  /** As in `server_version_num`, e.g. 180004; where each tenant has a server of its own, as configured for new ones. */
  readonly version: number
  /** Whether `file_copy_method = clone` was seen to copy by reference. */
  readonly clone: 'yes' | 'no' | 'not-probed'
  readonly superuser: boolean
}

export interface ProviderCapabilities {
  /** What one tenant is. */
  readonly granularity: 'database'
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
  /** Whether an earlier try may have made something on this server that cannot be seen yet. Left out: no. */
  readonly isRetry?: boolean
  /** Installed as admin before `build` is called. */
  readonly extensions: readonly string[]
}

export interface DatabaseSpec {
  readonly server: string
  /** Null where the provider has no templates: then the database is empty but for the extensions. */
  readonly template: TemplateRef | null
  /** Installed in a database that is not cloned. */
  readonly extensions: readonly string[]
  readonly mark: Mark
  /**
   * The login role of the tenant's application is named like its database. The server gets a SCRAM verifier of this, or this
   * itself, over TLS, where a service takes no verifiers.
   */
  readonly password: Secret
  /** Whether an earlier try may have made it, where it cannot be seen yet. Left out: no, and nothing is waited for. */
  readonly isRetry?: boolean
}

/** A name on a server that carries a mark: that of a database, or of a login role without one. */
export interface MarkedName {
  readonly server: string
  readonly name: string
  readonly mark: Mark
  /** Of the database, as in `Placement`; null: only a login role has the name. */
  readonly databaseId: string | null
  /** Where names are not unique: there are several of this name, and the record of the tenant says which of them it is. */
  readonly isSpare?: boolean
  /** What a person can do with it if it was a tenant, where it cannot be adopted by its name. */
  readonly remedy?: string
}

/** A database on a server of the provider, as adoption sees it. */
export interface FoundDatabase {
  readonly server: string
  readonly database: string
  readonly databaseId: string
  readonly owner: string
  readonly mark: Mark | undefined
}

/**
 * Where databases come from. Every operation may be repeated after a crash at any point and then ends in the same
 * state: the mark is its key. Every implementation passes `test/conformance/provider.ts`.
 */
export interface Provider extends CopyingProvider {
  readonly kind: string
  /**
   * Whether the server belongs to this project alone, on this machine: then its catalog is upgraded without being asked,
   * and the key for passwords at rest may be generated beside the data.
   */
  readonly isPrivate: boolean
  /** Whether `createDatabase` clones a template; else it makes an empty database, which the migrations then fill. */
  readonly hasTemplates: boolean
  /** For how long, in milliseconds, others can recover a tenant that was deleted: its data is not gone before. 0: nobody can. */
  readonly keepsDeletedFor: number
  /** Whether tenants of one server share what it can do, so that `rollout.perServer` counts; else each has a server of its own. */
  readonly sharesServers: boolean
  /** Names of the servers, in the order of the configuration. */
  readonly servers: readonly string[]

  /** Says what the servers can do; `probe` finds out what is not known yet, which may take seconds. */
  capabilities(options?: { readonly probe?: boolean }): Promise<ProviderCapabilities>

  /**
   * Makes the database for the catalog if it is missing, closed to PUBLIC, and returns how to reach it as admin.
   * Only for a provider with exactly one server; `catalog.url` names another place. One whose tenants have servers of their own
   * always refuses, as CONFIG_INVALID.
   * @throws FleetError DATABASE_FOREIGN, RIGHT_MISSING, SERVER_UNREACHABLE
   */
  ensureCatalogDatabase(fleet: string): Promise<ConnectionDescriptor>

  /**
   * Makes a template: an empty database with the fleet's roles and default privileges, filled by `build`, then
   * vacuumed and closed to everybody. One that is ready is returned without calling `build`; a half-made one is
   * made again from the start. Two processes that ask for the same one build it once. Only where there are templates.
   * @throws what `build` throws, after the half-made database was removed
   */
  ensureTemplate(spec: TemplateSpec, build: (database: ConnectionDescriptor) => Promise<void>): Promise<TemplateRef>

  /**
   * Removes a template; one that is gone is fine. False: it stays as long as the tenants that were made from it.
   * @throws FleetError DATABASE_FOREIGN
   */
  deleteTemplate(ref: TemplateRef, mark: Mark): Promise<boolean>

  /**
   * Returns where the tenant of a mark will be, without its id: so that it can be recorded before it is made, and what a
   * crash leaves of it can be deleted.
   * @throws FleetError TENANT_ID_INVALID where its login role would have the name of another role, CONFIG_INVALID where its name is too long
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
   * Returns how applications reach a tenant's database through the provider's own pooler; absent: it has none. The answer may be
   * stored with the placement, where `connect` and this find it again.
   * @throws FleetError as the provider's API refuses
   */
  poolerOf?(placement: Placement): Promise<Address>

  /**
   * Called before somebody works on a tenant whose server may sleep, and is billed while it does not; absent: there are none.
   * Returns what is called after the work, and may let the server sleep again: only if it slept before, and nobody else is in
   * the tenant by then. Neither throws, whatever goes wrong.
   */
  attend?(placement: Placement): Promise<() => Promise<void>>

  /**
   * Refuses a tenant that is not of the kind that the configuration says, and would be looked for where it is not; absent: there is
   * one kind alone. Asks nobody.
   * @throws FleetError CONFIG_INVALID
   */
  requireKind?(placement: Placement): void

  /**
   * Refuses what `deleteDatabase` would refuse for good, before anything of the tenant is given up. Changes nothing; gone is fine.
   * @throws FleetError DATABASE_FOREIGN, RIGHT_MISSING, SERVER_UNREACHABLE, and as a service refuses
   */
  checkDeletable(placement: Placement, mark: Mark): Promise<void>

  /**
   * Removes a tenant's database and login role, only if name, mark and id agree; gone is fine. Ends its sessions.
   * @throws FleetError DATABASE_FOREIGN, RIGHT_MISSING, DATABASE_IN_USE, SERVER_UNREACHABLE
   */
  deleteDatabase(placement: Placement, mark: Mark): Promise<void>

  /**
   * Lists databases whose name is LIKE the pattern, in pages, ordered by server and name; templates are left out. Nothing where
   * the databases of others are reached by URLs of their own alone.
   */
  findDatabases(pattern: string): AsyncIterable<FoundDatabase>

  /** Lists what carries a mark of one fleet and catalog, in pages that fit into memory; the catalog's database does not. */
  findMarked(by: Pick<Mark, 'fleet' | 'catalogId'>): AsyncIterable<readonly MarkedName[]>

  /**
   * Says whether nobody can ever have been in a tenant's database, so that nothing is lost with it; absent, and in doubt: no. Asked
   * of those that no record owns. Wakes nothing.
   */
  wasNeverUsed?(found: MarkedName): Promise<boolean>

  /**
   * Removes what was found by its mark, with the login role that goes with it, only if name, mark and id are the same
   * still; false when they are not. `isOrphan` is asked last, while nobody can make something of that name; its no leaves all.
   * @throws FleetError DATABASE_IN_USE, DATABASE_FOREIGN, RIGHT_MISSING
   */
  removeMarked(found: MarkedName, isOrphan: () => Promise<boolean>): Promise<boolean>

  /**
   * Returns the ids of those of these databases that are there, by name.
   * @param recorded ids that records have: where names are not unique, one of these counts
   * @throws FleetError SERVICE_BUSY where a service does not tell of all that there is
   */
  lookUpDatabases(
    server: string,
    names: readonly string[],
    recorded?: ReadonlySet<string>,
  ): Promise<ReadonlyMap<string, string>>

  /** Returns the size of a database in bytes; null when it is gone or may not be known. */
  databaseSize(server: string, name: string): Promise<number | null>

  /** Says what a rollout takes and costs, where the provider is a service that limits its calls and bills. */
  foreseeService?(work: ServiceWork): Promise<ServiceCost>

  /** Looks at reach, rights and settings, and says what to run where something is missing. Never throws for those. */
  diagnose(): Promise<readonly Diagnosis[]>

  /** Lets go of what the provider holds (connections; the use of the embedded server). May be called twice. */
  close(): Promise<void>
}
