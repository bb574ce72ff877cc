import type { FleetConfig } from '../../../src/config/config.ts'
import type { FleetInput, NeonInput } from '../../../src/config/define-fleet.ts'
import { parseConfig } from '../../../src/config/parse-config.ts'
import { type Client, withClient } from '../../../src/postgres/connect.ts'
import { formatConnectionString, parseConnectionString } from '../../../src/postgres/connection-string.ts'
import { makeCatalogDatabase } from '../../support/catalog-database.ts'
import { setupFleet, type TestFleet } from '../../support/fleet.ts'
import type { NeonEmulatorOptions } from '../../support/neon-emulator/index.ts'
import { startTestEmulator, type TestEmulator } from '../../support/neon-emulator/test-emulator.ts'
import { admin, superuser } from '../../support/test-server.ts'

export interface NeonFleet extends TestFleet {
  readonly emulator: TestEmulator
  /** Returns its configuration, with something else in what it says of the account. */
  config(changed: Partial<NeonInput>): FleetConfig
  /** Lends a connection of the application of a tenant. */
  asApplication<T>(id: string, use: (client: Client) => Promise<T>): Promise<T>
}

/** Makes a fleet whose tenants are projects of an emulator, and whose catalog is a database of the server under test. */
export async function setupNeonFleet(
  input: Partial<FleetInput> = {},
  options: Omit<NeonEmulatorOptions, 'dataPlane'> = {},
  account: Partial<NeonInput> = {},
): Promise<NeonFleet> {
  const emulator = await startTestEmulator(options)
  const { apiKey, baseUrl, orgId } = emulator
  const catalog = await makeCatalogDatabase()
  const usual = { apiKey, baseUrl, orgId, region: 'aws-us-east-1', pgVersion: 18, ...account }
  const written = (more: Partial<NeonInput> = {}): Partial<FleetInput> => ({
    provider: { kind: 'neon', ...usual, ...more },
    catalog: { url: formatConnectionString({ ...admin(), database: catalog }, { reveal: true }) },
    ...input,
  })
  // What a fleet has left goes with the emulator.
  const test = await setupFleet(written(), { remove: async () => {} })
  const asApplication: NeonFleet['asApplication'] = async (id, use) =>
    withClient(
      parseConnectionString(await test.fleet.tenants.url(id, { reveal: true })),
      { applicationName: 'app' },
      use,
    )
  return {
    ...test,
    emulator,
    config: (changed) => parseConfig({ name: test.name, ...written(changed) }, { root: test.root }),
    asApplication,
    inTenant: asApplication,
    inCatalog: (use) => withClient({ ...superuser(), database: catalog }, { applicationName: 'test' }, use),
    histories: async (ids) => {
      const histories: Record<string, string[]> = {}
      for (const id of ids)
        histories[id] = await asApplication(id, async (client) => {
          const { rows } = await client.query('select name from kysely_migration order by timestamp, name')
          return rows.map(({ name }) => name)
        })
      return histories
    },
  }
}

/** Makes one whose tenants are branches of one project. */
export function setupBranchFleet(
  input: Partial<FleetInput> = {},
  options: Omit<NeonEmulatorOptions, 'dataPlane'> = {},
): Promise<NeonFleet> {
  return setupNeonFleet(input, options, { placement: 'branch-per-tenant' })
}
