import { afterAll, beforeAll, onTestFinished } from 'vitest'
import type { MigrationTrace, StatementTrace, TraceResult } from '../../../src/migrations/risk/trace-facts.ts'
import { traceMigrations } from '../../../src/migrations/risk/trace-migrations.ts'
import { type Client, closeClient, openClient, withClient } from '../../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../../src/postgres/identifiers.ts'
import { createTestDatabase, superuser, type TestDatabase, uniqueName } from '../../support/test-server.ts'
import { compileCase } from './compile-case.ts'

/** Makes a template with a schema for the tests of a file; each test copies it. */
export function scratchDatabases(schema: string) {
  let template: TestDatabase
  beforeAll(async () => {
    template = await createTestDatabase()
    await withClient(template.connection, { applicationName: 'test' }, (client) => client.query(schema))
  })
  afterAll(() => template.drop())

  /** Copies the template for a test. */
  const connect = async (setup = 'select 1'): Promise<Client> => {
    const database = uniqueName('fleet_test')
    const onServer = (sql: string) =>
      withClient(superuser(), { applicationName: 'test' }, (client) => client.query(sql))
    await onServer(`create database ${quoteIdentifier(database)} template ${quoteIdentifier(template.name)}`)
    onTestFinished(async () => {
      await onServer(`drop database if exists ${quoteIdentifier(database)} with (force)`)
    })
    const client = await openClient({ ...superuser(), database }, { applicationName: 'test' })
    onTestFinished(() => closeClient(client))
    await client.query(setup)
    return client
  }

  /** Traces migrations of these statements on a copy. */
  const trace = async (
    migrations: readonly (readonly string[])[],
    setup?: string,
  ): Promise<readonly (readonly TraceResult[])[]> => {
    const traces = await traceOn(await connect(setup), migrations)
    return traces.map(({ statements }) => statements)
  }
  return { connect, trace }
}

/** Traces migrations of these statements, named 0001, 0002, …, on a connection. */
export async function traceOn(
  client: Client,
  migrations: readonly (readonly string[])[],
  ownerRole: string | null = null,
): Promise<readonly MigrationTrace[]> {
  const compiled = migrations.map((sql, index) => compileCase(sql, String(index + 1).padStart(4, '0')))
  return await traceMigrations(client, compiled, { ownerRole, statementTimeout: 30_000 })
}

/** Returns what a traced statement did; fails for one that was not traced. */
export function factsOf(result: TraceResult | undefined): StatementTrace {
  if (result?.kind !== 'traced') throw new Error(`Not traced: ${JSON.stringify(result)}`)
  return result.facts
}
