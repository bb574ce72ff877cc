import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type TransactionSettings,
} from 'kysely'

/** What a transaction of Kysely's is made of here. */
export interface TransactionSteps {
  readonly begin: (settings: TransactionSettings) => Promise<void>
  readonly commit: () => Promise<void>
  /** Never rejects: it would hide why the transaction is rolled back. */
  readonly rollback: () => Promise<void>
}

/** Returns a Kysely dialect over one connection, whose transactions begin and end as they are told. */
export function liveDialect(connection: DatabaseConnection, { begin, commit, rollback }: TransactionSteps): Dialect {
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: (_, settings) => begin(settings),
    commitTransaction: commit,
    rollbackTransaction: rollback,
    releaseConnection: async () => {},
    destroy: async () => {},
  }
  return {
    createDriver: () => driver,
    createAdapter: () => new OneConnectionAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
}

/** Makes Kysely queue queries instead of asking for a second connection. */
class OneConnectionAdapter extends PostgresAdapter {
  override get supportsMultipleConnections(): boolean {
    return false
  }
}
