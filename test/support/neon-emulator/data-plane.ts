/** Passwords are clear text: they are those of throw-away roles on a test server. Database and role names here are the real ones. */

/** How the names that a client says are mapped to the server's; what is missing is answered as Neon does. */
export interface NameMap {
  /** By the name in the startup message. */
  readonly databases: ReadonlyMap<string, string>
  /** Only roles that were made by the API are mapped; others pass as they are, since SQL made them on the server. */
  readonly roles: ReadonlyMap<string, string>
}

/** A TCP port on loopback that stands for the compute of a branch, or for its pooled twin. */
export interface ComputeProxy {
  readonly port: number
  /** Where new sessions go from now on; those that are open stay. */
  point(map: NameMap): void
  /** Ends all sessions (57P01 to those inside a database); the next connection is a cold start. */
  suspend(): Promise<void>
  readonly isSuspended: boolean
  /** Ends all sessions with 57P01, and stays awake. */
  cut(): Promise<void>
  /** Answers new connections with this text and SQLSTATE XX000; undefined: no more. `times`: only so many. */
  refuse(text: string | undefined, times?: number): void
  /** New connections get no answer at all while this is true. */
  neverWakes(on: boolean): void
  close(): Promise<void>
}

export interface ComputeProxyOptions {
  readonly map: NameMap
  readonly pooled: boolean
  /** How long the first connection after a suspension waits, in milliseconds. */
  readonly coldStartMs: number
  /** Called when a connection wakes a suspended compute. */
  readonly onWake: () => void
}

/** What branches are made of: databases and roles on one real PostgreSQL server, and proxies before it. */
export interface DataPlane {
  /**
   * Makes a role as Neon's API does: LOGIN, CREATEDB, CREATEROLE, may not be superuser; in the group that stands for neon_superuser.
   * `as`: one that logs in with a password of its own and then is that role, so that what it makes belongs to that role.
   */
  createRole(name: string, password: string, options?: { readonly as?: string }): Promise<void>
  setPassword(name: string, password: string): Promise<void>
  dropRole(name: string): Promise<void>
  /** Makes an empty database owned by the role. */
  createDatabase(name: string, owner: string): Promise<void>
  /**
   * Freezes a copy of a database, which nobody can connect to: idle sessions in it are ended (57P01), busy ones are waited for.
   * Returns the server's LSN of the copy, as `0/16B3748`.
   * @throws DatabaseBusy after five seconds
   */
  freeze(from: string, to: string): Promise<string>
  /** Clones a frozen copy into a database that can be connected to. */
  thaw(from: string, to: string): Promise<void>
  /** Whether anything but reads, hint bits, pruning and vacuum touched the database after this LSN, or between two (pg_walinspect). */
  isWrittenSince(database: string, lsn: string, until?: string): Promise<boolean>
  currentLsn(): Promise<string>
  /** Ends its sessions and drops it; one that is gone is fine. */
  dropDatabase(name: string): Promise<void>
  /** In bytes. */
  databaseSize(name: string): Promise<number>
  openProxy(options: ComputeProxyOptions): Promise<ComputeProxy>
  /** Drops all that this data plane made and closes all ports. */
  close(): Promise<void>
}

/** A database could not be copied: somebody was busy in it. */
export class DatabaseBusy extends Error {}
