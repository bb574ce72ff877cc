/**
 * What was changed about a database for a while only, and has to be put back: a pooler lets none of its clients into it, who wait
 * until somebody lets them go on; or a provider's protection against deletion is lifted.
 */
export interface Closure {
  readonly server: string
  /** The database on the server. */
  readonly database: string
  /** Names the pooler's console, without user and password: `host:port`; or what else it is that was changed. */
  readonly pooler: string
  /** What the database is called there. */
  readonly entry: string
}

/** A closure that the catalog has, and nobody who is alive will end. */
export interface AbandonedClosure extends Closure {
  /** Names this record: whoever closes the same again writes another one in its place. */
  readonly token: string
  /** The process, as a person would look for it. */
  readonly by: string
  readonly since: Date
}

/**
 * Where it is written down what is closed, before it is: a process that dies leaves its clients waiting, and the record
 * tells the next one.
 */
export interface ClosureLog {
  /** Records closures, and from then on again and again that their process is alive. */
  record(closures: readonly Closure[]): Promise<ClosureRecord>
}

export interface ClosureRecord {
  /** Strikes it out: clients go on. */
  strikeOut(): Promise<void>
  /** Leaves it to whoever finds it, which takes until this process was silent for long enough. */
  leave(): void
}
