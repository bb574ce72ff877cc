import { onTestFinished } from 'vitest'
import { withClient } from '../../src/postgres/connect.ts'
import { quoteIdentifier } from '../../src/postgres/identifiers.ts'
import { admin, superuser, uniqueName } from './test-server.ts'

/** Makes an empty database for a catalog that is not where its tenants are; it goes with the test. */
export async function makeCatalogDatabase(): Promise<string> {
  const name = uniqueName('catalog')
  const run = (command: string) =>
    withClient(superuser(), { applicationName: 'test' }, (client) => client.query(command))
  await run(`create database ${quoteIdentifier(name)} owner ${quoteIdentifier(admin().user)}`)
  onTestFinished(async () => {
    await run(`drop database ${quoteIdentifier(name)} with (force)`)
  })
  return name
}
