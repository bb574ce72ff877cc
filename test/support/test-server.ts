import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { parseConnectionString } from '../../src/postgres/connection-string.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'

export interface TestDatabase {
  readonly name: string
  /** As superuser. */
  readonly connection: ConnectionDescriptor
  /** Removes it, ending its sessions. May be called twice. */
  drop(): Promise<void>
}

/** Returns the superuser of the server under test, in its maintenance database. */
export function superuser(): ConnectionDescriptor {
  return parseConnectionString(inject('superuserUrl'))
}

/** Returns the admin that a fleet is given: the superuser, or with FLEET_TEST_ADMIN=limited a role with fewer rights. */
export function admin(): ConnectionDescriptor {
  return parseConnectionString(inject('adminUrl'))
}

/** Returns a name that no other test uses: an identifier, for databases and roles. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`
}

/** Makes an empty database; the caller drops it. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = uniqueName('fleet_test')
  await run(`create database ${quoteIdentifier(name)} template template0`)
  return {
    name,
    connection: { ...superuser(), database: name },
    drop: () => run(`drop database if exists ${quoteIdentifier(name)} with (force)`),
  }
}

/** Lends an empty database to `use` and drops it afterwards. */
export async function withTestDatabase<T>(use: (database: TestDatabase) => Promise<T>): Promise<T> {
  const database = await createTestDatabase()
  try {
    return await use(database)
  } finally {
    await database.drop()
  }
}

async function run(statement: string): Promise<void> {
  await withClient(superuser(), { applicationName: 'fleet/test' }, (client) => client.query(statement))
}
