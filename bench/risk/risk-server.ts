import { randomBytes } from 'node:crypto'
import type { ConnectionDescriptor } from '../../src/model/connection.ts'
import { withClient } from '../../src/postgres/connect.ts'
import { parseConnectionString } from '../../src/postgres/connection-string.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import { withBenchServer } from '../bench-server.ts'

/** Lends the server that FLEET_BENCH_SERVER names, as a superuser's URL; without it an embedded one. */
export async function withRiskServer<T>(use: (server: ConnectionDescriptor) => Promise<T>): Promise<T> {
  const url = process.env.FLEET_BENCH_SERVER
  return url === undefined ? await withBenchServer(({ admin }) => use(admin)) : await use(parseConnectionString(url))
}

/** Lends a new database and drops it afterwards. */
export async function withDatabase<T>(
  server: ConnectionDescriptor,
  use: (connection: ConnectionDescriptor) => Promise<T>,
  template = 'template0',
): Promise<T> {
  const database = `risk_${randomBytes(6).toString('hex')}`
  const run = (sql: string) => withClient(server, { applicationName: 'fleet/bench' }, (client) => client.query(sql))
  await run(`create database ${quoteIdentifier(database)} template ${quoteIdentifier(template)}`)
  try {
    return await use({ ...server, database })
  } finally {
    await run(`drop database if exists ${quoteIdentifier(database)} with (force)`)
  }
}
